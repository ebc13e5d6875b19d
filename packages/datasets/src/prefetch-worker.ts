/**
 * The worker of a prefetching stream: opens the source by its spec and makes the batches it is asked for. An entry of its own.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Answer, Reading, Wanted, WorkerTask } from './prefetch-protocol.js';
import type { Source } from './source.js';
import { openSource } from './sources/registry.js';
import { createPatchStream } from './stream.js';

async function serve(port: MessagePort, { spec, options }: WorkerTask): Promise<void> {
  const stream = createPatchStream(telling(await openSource(spec), port), options);
  port.on('message', async ({ cursor }: Wanted) => {
    try {
      const batch = await stream.batch(cursor);
      const answer: Answer = { cursor, batch, skipped: stream.skipped() };
      port.postMessage(answer, [batch.lr.buffer as ArrayBuffer, batch.hr.buffer as ArrayBuffer]);
    } catch (error) {
      const answer: Answer = { cursor, error: error instanceof Error ? error.message : String(error) };
      port.postMessage(answer);
    }
  });
}

/** A source that says what it reads: image by image, by name. */
function telling(source: Source, port: MessagePort): Source {
  const told = async <T>(i: number, read: () => Promise<T>): Promise<T> => {
    const say = (done: boolean) => port.postMessage({ reading: source.nameOf(i), done } satisfies Reading);
    say(false);
    try {
      return await read();
    } finally {
      say(true);
    }
  };
  return {
    ...source,
    hr: (i) => told(i, () => source.hr(i)),
    pair: (i, scale) => told(i, () => source.pair(i, scale)),
  };
}

if (parentPort) await serve(parentPort, workerData as WorkerTask);
