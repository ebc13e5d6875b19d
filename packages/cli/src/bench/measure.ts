/** The measurement of `fqsr bench`: every engine and size in a process of its own, which take turns. */
import type { Io } from '../io.js';
import { type PeerName, peers } from './peers/registry.js';
import { largestDistance } from './pixels.js';
import { startWorker, type Worker } from './processes.js';
import type { Ended, LoadTimes, Ready, Turn } from './protocol.js';

/** Something to measure. */
export interface Entry {
  readonly peer: PeerName;
  /** Its file or folder. */
  readonly path: string;
  readonly width: number;
  readonly height: number;
}

/** How to measure. */
export interface Conditions {
  readonly threads: number;
  readonly turns: number;
  /** Shortest turn in milliseconds: as many runs as fit, and at least one. */
  readonly turnMs: number;
  /** Whether all entries get turns as long as the longest run among them: a machine's speed changes within seconds, and of many short runs some meet a fast moment. */
  readonly equalTurns: boolean;
  readonly seed: number;
}

/** What was measured; times in microseconds for each low-resolution pixel. */
export interface Measured extends Omit<Entry, 'path'> {
  readonly version: string;
  readonly threads: number;
  readonly runs: number;
  /** The fastest run. */
  readonly best: number;
  readonly median: number;
  /** Processor time of all threads: the least turn. Busy machines disturb it less than wall-clock time. */
  readonly cpu: number;
  readonly peakBytes: number;
  /** What the process took before it loaded anything; part of `peakBytes`. */
  readonly idleBytes: number;
  /** Greatest distance in grey levels from the result of the first entry of this size; null for the first, and where results were not kept. */
  readonly apart: number | null;
}

/** What could not be measured. */
export interface Skipped {
  readonly peer: PeerName;
  readonly install: string;
}

/** A process that is ready, and its turns so far. */
interface Running {
  readonly entry: Entry;
  readonly worker: Worker;
  readonly ready: Ready;
  readonly turns: Turn[];
}

/**
 * Measures all entries, in turns. Results are compared where `keepPixels`.
 *
 * @throws CliError when an engine fails
 */
export async function measureAll(
  entries: readonly Entry[],
  conditions: Conditions,
  keepPixels: boolean,
  io: Io,
): Promise<{ readonly measured: readonly Measured[]; readonly skipped: readonly Skipped[] }> {
  const workers: Worker[] = [];
  const running: Running[] = [];
  const skipped: Skipped[] = [];
  const progress = io.progress('bench', entries.length * (conditions.turns + 1), 'turns');
  let done = 0;
  try {
    for (const entry of entries) {
      io.signal.throwIfAborted();
      const worker = startWorker(nameOf(entry));
      workers.push(worker);
      const { path, ...rest } = entry;
      const { threads, seed } = conditions;
      const ready = await worker.ask({ ...rest, path, threads, seed });
      if ('missing' in ready) skipped.push({ peer: entry.peer, install: peers[entry.peer].install ?? entry.peer });
      else running.push({ entry, worker, ready: ready as Ready, turns: [] });
      progress.update(++done, nameOf(entry));
    }
    const order = conditions.equalTurns ? running.toSorted((a, b) => pixelsOf(b.entry) - pixelsOf(a.entry)) : running;
    let { turnMs } = conditions;
    for (let i = 0; i < conditions.turns; i++) {
      for (const { entry, worker, turns } of order) {
        io.signal.throwIfAborted();
        if (!isMeasured(turns, conditions)) {
          const turn = (await worker.ask({ turnMs })) as Turn;
          turns.push(turn);
          if (conditions.equalTurns) turnMs = Math.max(turnMs, ...turn.times);
        }
        progress.update(++done, nameOf(entry));
      }
    }
    return { measured: await finish(running, keepPixels), skipped };
  } catch (error) {
    // Ctrl-C reaches the engines' processes too.
    io.signal.throwIfAborted();
    throw error;
  } finally {
    progress.stop();
    for (const worker of workers) worker.stop();
  }
}

const pixelsOf = ({ width, height }: Entry): number => width * height;

/** Large images, whose single runs are long, need no more turns than all turns take elsewhere. */
function isMeasured(turns: readonly Turn[], { turns: count, turnMs }: Conditions): boolean {
  const spent = turns.reduce((sum, { times }) => sum + times.reduce((a, b) => a + b, 0), 0);
  return turns.length > 0 && spent >= 2 * count * turnMs;
}

async function finish(running: readonly Running[], keepPixels: boolean): Promise<readonly Measured[]> {
  const measured: Measured[] = [];
  let first: Uint8Array | null = null;
  for (const { entry, worker, ready, turns } of running) {
    const end = keepPixels ? 'with pixels' : 'without pixels';
    const { pixels, peakBytes, idleBytes } = (await worker.ask({ end })) as Ended;
    const apart = first && pixels ? largestDistance(first, pixels) : null;
    first ??= pixels;
    const { path: _, ...own } = entry;
    measured.push({ ...own, ...ready, ...summarize(turns, pixelsOf(entry)), peakBytes, idleBytes, apart });
  }
  return measured;
}

/** From milliseconds to microseconds for each pixel. */
export function summarize(turns: readonly Turn[], pixels: number): Pick<Measured, 'runs' | 'best' | 'median' | 'cpu'> {
  const times = turns.flatMap((turn) => turn.times).sort((a, b) => a - b);
  const each = (ms: number) => (1000 * ms) / pixels;
  return {
    runs: times.length,
    best: each(times[0] ?? Number.NaN),
    median: each(median(times)),
    cpu: each(Math.min(...turns.map((turn) => turn.cpuMs / turn.times.length))),
  };
}

/** Of sorted numbers. */
export function median(sorted: readonly number[]): number {
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

function nameOf({ peer, width, height }: Entry): string {
  return `${peer} ${height}x${width}`;
}

/** Side of the small image that ends a load. */
const LOAD_SIDE = 16;

/** Loads a `.fqsr` file in fresh processes, one after another, and upscales one image of 16 x 16. */
export async function measureLoads(path: string, threads: number, count: number): Promise<readonly LoadTimes[]> {
  const loads: LoadTimes[] = [];
  for (let i = 0; i < count; i++) {
    const worker = startWorker('fqsr');
    try {
      loads.push((await worker.ask({ load: path, side: LOAD_SIDE, threads })) as LoadTimes);
    } finally {
      worker.stop();
    }
  }
  return loads;
}
