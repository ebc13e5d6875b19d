/**
 * A process of `fqsr bench`: one engine, one image size. It imports nothing heavy by itself, so that what it loads can be measured.
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { PeerOutput } from './peers/peer.js';
import { peers } from './peers/registry.js';
import { syntheticImage } from './pixels.js';
import type { Answer, LoadRequest, LoadTimes, Phase, Ready, Request, Task, Turn } from './protocol.js';

/** Warm-up goes on for this long, and is at least one run, of an image of at most {@link WARM_SIDE} a side. */
const WARM_MS = 500;
const WARM_SIDE = 256;

const idleBytes = peakBytes();
let run: (() => Promise<PeerOutput>) | null = null;
/** Most resident bytes by the end of the first run after the warm-up. */
let firstPeakBytes: number | null = null;

process.on('message', (request: Request) => {
  answerTo(request).then(
    (answer) => process.send?.(answer),
    (error) => process.send?.({ error: error instanceof Error ? error.message : String(error) } satisfies Answer),
  );
});
// Threads of an engine may keep a process alive whose parent is gone.
process.on('disconnect', () => process.exit());

async function answerTo(request: Request): Promise<Answer> {
  if ('peer' in request) return start(request);
  if ('load' in request) return timeLoad(request);
  if (!run) throw new Error('nothing is loaded yet');
  if ('turnMs' in request) {
    const made = run;
    return turn(async () => {
      await made();
      firstPeakBytes ??= peakBytes();
    }, request.turnMs);
  }
  const pixels = request.end === 'with pixels' ? (await run()).pixels() : null;
  return { peakBytes: firstPeakBytes ?? peakBytes(), idleBytes, pixels };
}

async function start({ peer, path, width, height, threads, seed }: Task): Promise<Ready | { missing: true }> {
  const session = await peers[peer].open(path, threads);
  if (!session) return { missing: true };
  const warm = session.prepare(syntheticImage(Math.min(width, WARM_SIDE), Math.min(height, WARM_SIDE), seed));
  await turn(warm, WARM_MS);
  run = session.prepare(syntheticImage(width, height, seed));
  return { version: session.version, threads: session.threads };
}

async function turn(work: () => Promise<unknown>, ms: number): Promise<Turn> {
  const times: number[] = [];
  const cpu = process.cpuUsage();
  const started = performance.now();
  do {
    const from = performance.now();
    await work();
    times.push(performance.now() - from);
  } while (performance.now() - started < ms);
  const { user, system } = process.cpuUsage(cpu);
  return { times, cpuMs: (user + system) / 1000 };
}

async function timeLoad({ load: path, side, threads }: LoadRequest): Promise<LoadTimes> {
  const image = syntheticImage(side, side, 1);
  let last = { ms: 0, cpuMs: 0 };
  const lap = (): Phase => {
    const { user, system } = process.cpuUsage();
    const now = { ms: performance.now(), cpuMs: (user + system) / 1000 };
    const phase = { ms: now.ms - last.ms, cpuMs: now.cpuMs - last.cpuMs };
    last = now;
    return phase;
  };
  const start = lap();
  const { load } = await import('@fqsr/runtime');
  const imported = lap();
  const bytes = await readFile(path);
  const read = lap();
  const upscaler = await load(bytes, { threads });
  const loaded = lap();
  await upscaler.upscale(image);
  return { start, import: imported, read, load: loaded, firstImage: lap() };
}

/** Most resident bytes of this process. On Linux its own: `maxRSS` there starts with what the parent had. */
function peakBytes(): number {
  try {
    const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}
