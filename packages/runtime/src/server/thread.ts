/** A model in a worker thread, from the side of the thread that asks. */
import { Worker } from 'node:worker_threads';
import { RuntimeError } from '../error.js';
import type { AnyImage } from '../image.js';
import { type Answer, type Facts, type Request, type Start, unpackError } from './protocol.js';

/** A model in a thread of its own, which takes one image at a time. */
export interface Thread {
  readonly facts: Facts;
  /** @throws the signal's reason, what the model threw, or RuntimeError when the thread died; then `isAlive()` is false */
  upscale(image: AnyImage, signal: AbortSignal): Promise<AnyImage>;
  isAlive(): boolean;
  end(): void;
}

/** A thread that has not stopped within so many milliseconds of being asked to is ended. */
const PATIENCE_MS = 2000;

type Listener = (answer: Answer | { readonly kind: 'dead'; readonly why: string }) => void;

/**
 * Starts a thread and loads the model in it.
 *
 * @throws what loading the model threw
 */
export async function openThread(start: Start): Promise<Thread> {
  const worker = new Worker(new URL('./server-worker.js', import.meta.url), { workerData: start });
  const state: { listener: Listener; isAlive: boolean } = { listener: () => {}, isAlive: true };
  const die = (why: string) => {
    if (!state.isAlive) return;
    state.isAlive = false;
    void worker.terminate();
    state.listener({ kind: 'dead', why });
  };
  worker.on('message', (answer: Answer) => state.listener(answer));
  worker.on('error', ({ message }) => die(message));
  worker.on('exit', (code) => die(`exit code ${code}`));

  /** The next answer; `ask` sends what it answers. */
  const next = (ask: () => void) =>
    new Promise<Exclude<Parameters<Listener>[0], { kind: 'dead' }>>((resolve, reject) => {
      state.listener = (answer) => {
        if (answer.kind === 'dead') reject(dead(answer.why));
        else resolve(answer);
      };
      if (state.isAlive) ask();
      else reject(dead('an end'));
    });

  const loaded = await next(() => {});
  if (loaded.kind !== 'ready') {
    die('a model that does not load');
    throw loaded.kind === 'failed' ? unpackError(loaded.error) : dead('no model');
  }
  return {
    facts: loaded.facts,
    async upscale(image, signal) {
      signal.throwIfAborted();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const stop = () => {
        worker.postMessage({ kind: 'stop' } satisfies Request);
        timer = setTimeout(() => die('no end'), PATIENCE_MS);
      };
      signal.addEventListener('abort', stop);
      try {
        const answer = await next(() => worker.postMessage({ kind: 'upscale', image } satisfies Request));
        if (answer.kind === 'done') return answer.image;
        throw answer.kind === 'failed' ? unpackError(answer.error) : dead('another answer');
      } catch (error) {
        signal.throwIfAborted();
        throw error;
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
      }
    },
    isAlive: () => state.isAlive,
    end: () => die('disposed'),
  };
}

function dead(why: string): RuntimeError {
  return new RuntimeError('upscale', `the thread must live as long as the upscaler, got ${why}`, 'ask again');
}
