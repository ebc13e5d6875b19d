/**
 * The worker of a prefetching stream: opens the source by its spec and makes the batches it is asked for. An entry of its own.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Answer, Wanted, WorkerTask } from './prefetch-protocol.js';
import { openSource } from './sources/registry.js';
import { createPatchStream } from './stream.js';

async function serve(port: MessagePort, { spec, options }: WorkerTask): Promise<void> {
  const stream = createPatchStream(await openSource(spec), options);
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

if (parentPort) await serve(parentPort, workerData as WorkerTask);
