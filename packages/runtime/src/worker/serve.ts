/** The worker's side: loads one model and runs the page's images. */
import { readModel } from '../format.js';
import type { Samples } from '../image.js';
import { openSession, type Session } from '../session.js';
import { mailbox } from './mailbox.js';
import { type Answer, packError, type Request } from './protocol.js';

/** A worker's function of that name. */
type Post = (answer: Answer, transfer?: readonly ArrayBufferLike[]) => void;

/** An image under way. */
interface Job {
  readonly stop: AbortController;
  /** Takes the rows that were asked for. */
  give(data: Samples | null): void;
  /** Lets one more strip go. */
  pull(): void;
}

/**
 * Makes this worker serve a page's upscaler. A worker of your own needs two lines, where a bundler cannot find the package's `worker.js`:
 *
 * @example
 * // my-worker.js
 * import { serveWorker } from '@fqsr/runtime';
 * serveWorker();
 * // page.js
 * load(source, { worker: () => new Worker(new URL('./my-worker.js', import.meta.url), { type: 'module' }) });
 */
export function serveWorker(): void {
  const post = Reflect.get(globalThis, 'postMessage') as Post;
  const jobs = new Map<number, Job>();
  const state: { session: Session | null } = { session: null };
  const onmessage = ({ data: request }: { readonly data: Request }): void => {
    switch (request.kind) {
      case 'load':
        void load(request).then((session) => {
          state.session = session;
        });
        break;
      case 'start':
        if (state.session) void run(state.session, request).finally(() => jobs.delete(request.job));
        break;
      case 'rows':
        jobs.get(request.job)?.give(request.data);
        break;
      case 'pull':
        jobs.get(request.job)?.pull();
        break;
      case 'stop':
        jobs.get(request.job)?.stop.abort();
    }
  };
  const load = async ({ bytes, options }: Extract<Request, { kind: 'load' }>): Promise<Session | null> => {
    try {
      const session = await openSession(readModel(bytes), options);
      const { model, backend, threads } = session;
      post({ kind: 'loaded', model, backend, threads });
      return session;
    } catch (error) {
      post({ kind: 'refused', error: packError(error) });
      return null;
    }
  };
  const run = async (session: Session, { job, ...shape }: Extract<Request, { kind: 'start' }>): Promise<void> => {
    const stop = new AbortController();
    const rows = mailbox<Samples | null>();
    const pulls = mailbox<true>();
    jobs.set(job, { stop, give: rows.put, pull: () => pulls.put(true) });
    stop.signal.addEventListener('abort', () => {
      rows.put(null);
      pulls.put(true);
    });
    async function* data(): AsyncGenerator<Samples, void> {
      for (;;) {
        post({ kind: 'need', job });
        const chunk = await rows.take();
        if (chunk === null) return;
        yield chunk;
      }
    }
    try {
      const onProgress = (done: number, total: number) => post({ kind: 'progress', job, done, total });
      const strips = session.strips({ ...shape, data: data() }, null, { onProgress, signal: stop.signal });
      for await (const strip of strips) {
        await pulls.take();
        post({ kind: 'strip', job, strip }, [strip.data.buffer]);
      }
      post({ kind: 'end', job });
    } catch (error) {
      post({ kind: 'failed', job, error: packError(error) });
    }
  };
  Object.assign(globalThis, { onmessage });
  const navigator = Reflect.get(globalThis, 'navigator') as { readonly gpu?: object } | undefined;
  post({ kind: 'ready', hasGpu: Boolean(navigator?.gpu) });
}
