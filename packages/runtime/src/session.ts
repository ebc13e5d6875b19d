/** A loaded model and its runs, in the thread that computes. */
import { type BackendName, type BackendOptions, openBackend } from './backends.js';
import type { Engine } from './engine.js';
import { RuntimeError } from './error.js';
import type { Samples, Strip } from './image.js';
import type { IntegerModel } from './model.js';
import type { CheckedModel } from './model-info.js';
import { openPort } from './port.js';
import { openRows, type RowInput } from './rows.js';
import { openTurns } from './turns.js';

/** What may be said of a run. */
export interface UpscaleOptions {
  /** Called now and then with the work done and the total, both in multiply-adds; the last call has `done === total`. */
  onProgress?(done: number, total: number): void;
  /** Aborting rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A loaded model, here or in a worker. */
export interface Session {
  readonly model: IntegerModel;
  readonly backend: BackendName;
  readonly threads: number;
  /**
   * Runs an image; the strips of the result, from the top.
   *
   * @param target where the result is collected; strips may then be views of it
   */
  strips(input: RowInput, target: Samples | null, options: UpscaleOptions): AsyncGenerator<Strip, void>;
  dispose(): void;
}

/** Prepares a model in this thread. @throws RuntimeError when the backend is not to be had on this host */
export async function openSession(checked: CheckedModel, options: BackendOptions): Promise<Session> {
  const { backend, engine } = await openBackend(checked, options);
  const loaded: Loaded = { engine, queue: Promise.resolve() };
  return {
    model: checked.model,
    backend,
    threads: engine.threads,
    strips: (input, target, upscaleOptions) => runStrips(loaded, input, target, upscaleOptions),
    dispose: () => {
      loaded.engine?.dispose();
      loaded.engine = null;
    },
  };
}

/** A loaded model's engine, until it is disposed, and the last of the runs that wait for each other. */
interface Loaded {
  engine: Engine | null;
  queue: Promise<void>;
}

/** Longest run between two turns of the event loop, in milliseconds, a block more or less. */
const TURN_MS = 30;

async function* runStrips(
  loaded: Loaded,
  input: RowInput,
  target: Samples | null,
  options: UpscaleOptions,
): AsyncGenerator<Strip, void> {
  const leave = await enter(loaded);
  try {
    yield* run(loaded, input, target, options);
  } finally {
    leave();
  }
}

/** Waits for its turn, where one image is run after another. */
async function enter(loaded: Loaded): Promise<() => void> {
  if (!inUse(loaded).isExclusive) return () => {};
  const before = loaded.queue;
  const turn: { end?: () => void } = {};
  loaded.queue = new Promise((resolve) => {
    turn.end = resolve;
  });
  await before;
  return () => turn.end?.();
}

async function* run(
  loaded: Loaded,
  input: RowInput,
  target: Samples | null,
  { onProgress, signal }: UpscaleOptions,
): AsyncGenerator<Strip, void> {
  const engine = inUse(loaded);
  signal?.throwIfAborted();
  const rows = openRows(input);
  const { port, wanted, take } = openPort(rows, { scale: engine.scale, target, stripBytes: engine.memoryBytes / 2 });
  const total = engine.work * input.width * input.height;
  const turns = openTurns();
  const work = engine.stream(port);
  const check = (): void => {
    signal?.throwIfAborted();
    inUse(loaded);
  };
  try {
    let [started, reported] = [performance.now(), 0];
    for (;;) {
      // A synchronous engine is left between its blocks only for rows, and when the event loop gets its turn, below.
      const step = work.next();
      const { done, value } = step instanceof Promise ? await step : step;
      for (const strip of take()) {
        yield strip;
        check();
      }
      if (done) {
        onProgress?.(total, total);
        return;
      }
      if (rows.known() < wanted()) {
        await rows.read(wanted());
        check();
      }
      if (performance.now() - started < TURN_MS) continue;
      if (value > reported && value < total) onProgress?.(value, total);
      reported = Math.max(reported, value);
      await turns.next();
      check();
      started = performance.now();
    }
  } finally {
    turns.close();
    // Given up on the way, it ends in order: its threads finish their blocks.
    await work.return(undefined as never);
    await rows.close();
  }
}

/** @throws RuntimeError after `dispose` */
function inUse({ engine }: Loaded): Engine {
  if (engine === null) throw disposed();
  return engine;
}

export function disposed(): RuntimeError {
  return new RuntimeError('upscale', 'upscaler must be in use, got a disposed one', 'load the model again');
}
