/** The page's side: a session whose work is done by a worker. */
import type { BackendOptions } from '../backends.js';
import { RuntimeError } from '../error.js';
import { isSamples, type Samples, type Strip } from '../image.js';
import { chunksOf, type RowInput } from '../rows.js';
import { disposed, type Session, type UpscaleOptions } from '../session.js';
import { mailbox } from './mailbox.js';
import { type Answer, type Request, unpackError } from './protocol.js';
import type { WorkerLike } from './start.js';

/** Strips that may be on their way. */
const AHEAD = 2;
/** Bytes of rows that go at a time. */
const CHUNK = 2 ** 18;

/** An answer to a job. */
type JobAnswer = Extract<Answer, { readonly job: number }>;
type Ending = { readonly kind: 'failed'; readonly error: unknown };

/**
 * Loads a model in a worker that has started.
 *
 * @throws what the worker threw
 */
export async function openRemote(worker: WorkerLike, bytes: Uint8Array, options: BackendOptions): Promise<Session> {
  const jobs = new Map<number, (answer: JobAnswer | Ending) => void>();
  const state: { ended: unknown; count: number } = { ended: null, count: 0 };
  const post = (request: Request, transfer: ArrayBuffer[] = []) => worker.postMessage(request, { transfer });
  const end = (error: unknown): void => {
    state.ended ??= error;
    worker.terminate();
    for (const tell of jobs.values()) tell({ kind: 'failed', error });
  };
  const loaded = new Promise<Extract<Answer, { kind: 'loaded' }>>((resolve, reject) => {
    worker.addEventListener('message', ({ data }) => {
      const answer = data as Answer;
      if (answer.kind === 'loaded') resolve(answer);
      else if (answer.kind === 'refused') reject(unpackError(answer.error));
      else if ('job' in answer) jobs.get(answer.job)?.(answer);
    });
    worker.addEventListener('error', ({ message }) => {
      const problem = `the worker must live as long as the upscaler, got ${message || 'an end'}`;
      const error = new RuntimeError('upscale', problem, 'load the model again, or use worker: false');
      reject(error);
      end(error);
    });
  });
  post({ kind: 'load', bytes, options });
  const { model, backend, threads } = await loaded.catch((error: unknown) => {
    worker.terminate();
    throw error;
  });

  async function* strips(
    { data, ...shape }: RowInput,
    _: Samples | null,
    { onProgress, signal }: UpscaleOptions,
  ): AsyncGenerator<Strip, void> {
    if (state.ended) throw state.ended;
    signal?.throwIfAborted();
    const job = state.count++;
    const answers = mailbox<JobAnswer | Ending>();
    const chunks = isSamples(data) ? inChunks(data, shape.width * shape.channels) : chunksOf(data);
    const abort = () => answers.put({ kind: 'failed', error: signal?.reason });
    const feed = async (): Promise<void> => {
      try {
        const { done, value } = await chunks.next();
        if (done) return post({ kind: 'rows', job, data: null });
        // A copy goes; what is no samples the worker refuses.
        const copy = isSamples(value) ? value.slice() : null;
        post({ kind: 'rows', job, data: copy ?? value }, copy ? [copy.buffer] : []);
      } catch (error) {
        answers.put({ kind: 'failed', error });
      }
    };
    jobs.set(job, (answer) => {
      if (answer.kind === 'need') void feed();
      else answers.put(answer);
    });
    signal?.addEventListener('abort', abort);
    try {
      post({ kind: 'start', job, ...shape });
      for (let i = 0; i < AHEAD; i++) post({ kind: 'pull', job });
      for (;;) {
        const answer = await answers.take();
        if (answer.kind === 'failed') throw unpackError(answer.error);
        if (answer.kind === 'end') return;
        if (answer.kind === 'progress') onProgress?.(answer.done, answer.total);
        if (answer.kind !== 'strip') continue;
        yield answer.strip;
        if (state.ended) throw state.ended;
        signal?.throwIfAborted();
        post({ kind: 'pull', job });
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      jobs.delete(job);
      post({ kind: 'stop', job });
      await chunks.return?.();
    }
  }
  return { model, backend, threads, strips, dispose: () => end(disposed()) };
}

/** Samples in chunks of whole rows. */
function* inChunks(data: Samples, row: number): Generator<Samples, void> {
  const step = row * Math.max(1, Math.floor(CHUNK / row));
  for (let at = 0; at < data.length; at += step) yield data.subarray(at, at + step);
}
