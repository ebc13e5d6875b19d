/** What a service's worker thread runs: one model, one image at a time, on one thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { load } from './index.js';
import { type Answer, packError, type Request, type Start } from './server/protocol.js';

const { bytes, backend, memoryBytes } = workerData as Start;
const answer = (message: Answer, transfer: ArrayBuffer[] = []) => parentPort?.postMessage(message, transfer);

try {
  const upscaler = await load(bytes, {
    ...{ backend, threads: 1, worker: false },
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  });
  let stop = new AbortController();
  parentPort?.on('message', async (request: Request) => {
    if (request.kind === 'stop') return stop.abort();
    stop = new AbortController();
    try {
      const image = await upscaler.upscale(request.image, { signal: stop.signal });
      answer({ kind: 'done', image }, [image.data.buffer as ArrayBuffer]);
    } catch (error) {
      answer({ kind: 'failed', error: packError(error) });
    }
  });
  const { model, backend: name } = upscaler;
  answer({ kind: 'ready', facts: { name: model.name, scale: model.scale, backend: name } });
} catch (error) {
  answer({ kind: 'failed', error: packError(error) });
}
