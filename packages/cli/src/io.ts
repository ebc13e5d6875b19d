/**
 * What a command says: results on stdout, everything else on stderr; with `--json` stdout holds one JSON document.
 */
import cliProgress from 'cli-progress';
import { CliError } from './errors.js';

/** A running progress display. */
export interface Progress {
  /** Sets the work done; `note` is short, e.g. `loss 4.31`. */
  update(done: number, note?: string): void;
  /** Ends the display. Safe to call twice. */
  stop(): void;
}

/** Where a command reports. */
export interface Io {
  /** A line for people. */
  readonly say: (line: string) => void;
  /** Starts a progress display of `total` units, `from` of which are done already. */
  readonly progress: (label: string, total: number, unit: string, from?: number) => Progress;
  /**
   * Aborts at the first Ctrl-C, with an error that says what happened; the second one ends the process. Whoever reads it must end soon after, since Ctrl-C alone no
   * longer does.
   */
  readonly signal: AbortSignal;
}

/** The console of a process. */
export interface Console extends Io {
  /** Stops listening for Ctrl-C. */
  readonly close: () => void;
}

/** Milliseconds between lines where stderr is no terminal; also how long silent work may take. */
const LINE_MS = 5000;
const QUIET_MS = 2000;

/** The console. */
export function createIo(stream: NodeJS.WriteStream = process.stderr): Console {
  const stop = new AbortController();
  const interrupt = () =>
    stop.abort(new CliError('stopped by Ctrl-C, nothing half-written is left (the same command begins again)'));
  return {
    get signal() {
      if (!process.listeners('SIGINT').includes(interrupt)) process.once('SIGINT', interrupt);
      return stop.signal;
    },
    close: () => {
      process.off('SIGINT', interrupt);
    },
    say: (line) => {
      stream.write(`${line}\n`);
    },
    progress: (label, total, unit, from = 0) => {
      const task = { label, total, unit, from };
      return stream.isTTY ? bar(stream, task) : lines(stream, task);
    },
  };
}

/** No display, and nothing that stops. */
export function quietIo(say: (line: string) => void = () => {}): Io {
  const { signal } = new AbortController();
  return { say, progress: () => ({ update: () => {}, stop: () => {} }), signal };
}

interface Task {
  readonly label: string;
  readonly total: number;
  readonly unit: string;
  readonly from: number;
}

function bar(stream: NodeJS.WriteStream, task: Task): Progress {
  const { label, total, unit, from } = task;
  const display = new cliProgress.SingleBar(
    {
      stream,
      // What matters most first: a narrow terminal cuts the rest off.
      format: `${label} {bar} {percentage} % | {left} left | {note}{value}/{total} ${unit} | {rate} ${unit}/s`,
      barsize: Math.min(24, Math.max(8, (stream.columns ?? 80) - 96)),
      // Nothing that a killed process would leave a terminal in: a line is cut by its length instead.
      hideCursor: false,
      linewrap: true,
      clearOnComplete: false,
      fps: 8,
    },
    cliProgress.Presets.shades_classic,
  );
  const clock = startClock(task);
  display.start(total, from, { rate: '-', left: '-', note: '' });
  return {
    update: (done, note = '') => display.update(Math.floor(done), { ...clock(done), note: note && `${note} | ` }),
    stop: () => {
      if (display.isActive) display.stop();
    },
  };
}

/** A line every few seconds, and none for work that ends within two. */
function lines(stream: NodeJS.WriteStream, task: Task): Progress {
  const { label, total, unit } = task;
  const clock = startClock(task);
  const started = performance.now();
  let last = started - LINE_MS + QUIET_MS;
  return {
    update: (done, note = '') => {
      const now = performance.now();
      if (now - last < LINE_MS) return;
      last = now;
      const { rate, left } = clock(done);
      const percent = ((100 * done) / total).toFixed(0);
      stream.write(
        `${label}: ${Math.floor(done)}/${total} ${unit} (${percent} %), ${rate} ${unit}/s, ${left} left${note && `, ${note}`}\n`,
      );
    },
    stop: () => {},
  };
}

/** Rate and time left, over the work done since the start. */
function startClock({ total, from }: Task): (done: number) => { rate: string; left: string } {
  const started = performance.now();
  return (done) => {
    const seconds = (performance.now() - started) / 1000;
    const rate = seconds > 0 ? (done - from) / seconds : 0;
    if (!(rate > 0)) return { rate: '-', left: '-' };
    return { rate: rate.toPrecision(3), left: duration((total - done) / rate) };
  };
}

/** `45 s`, `2 min 05 s`, `1 h 10 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
}
