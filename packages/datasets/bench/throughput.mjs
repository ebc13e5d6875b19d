/**
 * Training patches a second, of 96x96 in high resolution, from a folder of photographs, in the first epoch and after it; and the peak memory of the process.
 * After a build: `node bench/throughput.mjs [FOLDER [WORKERS]]`. Without a folder: `../shared/datasets/BSD400` beside the checkout, with 0, 1 and 2 workers.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openPatchStream } from '../dist/index.js';

const self = fileURLToPath(import.meta.url);
const folder = process.argv[2] ?? fileURLToPath(new URL('../../../../shared/datasets/BSD400', import.meta.url));
const settings = { scale: 4, patchSize: 24, batchSize: 16, seed: 1 };
const epochs = 20;

async function measure(workers) {
  const stream = await openPatchStream(folder, { ...settings, workers });
  const { batchesPerEpoch } = stream;
  const run = async (from, to) => {
    const started = performance.now();
    for (let cursor = from; cursor < to; cursor++) await stream.batch(cursor);
    return ((to - from) * settings.batchSize * 1000) / (performance.now() - started);
  };
  const first = await run(0, batchesPerEpoch);
  // With two workers every image is decoded twice, in the epochs in which each of them meets it first.
  const warm = batchesPerEpoch * 6;
  await run(batchesPerEpoch, warm);
  const later = await run(warm, warm + batchesPerEpoch * epochs);
  const peak = process.resourceUsage().maxRSS / 1024;
  console.log(
    `${workers} workers: ${first.toFixed(0)} patches/s in the first epoch, ${later.toFixed(0)} after it; peak RSS ${peak.toFixed(0)} MiB`,
  );
  stream.dispose();
}

if (!existsSync(folder)) console.log(`skipped: ${folder} does not exist (give a folder of photographs)`);
else if (process.argv[3]) await measure(Number(process.argv[3]));
else
  for (const workers of [0, 1, 2]) spawnSync(process.execPath, [self, folder, String(workers)], { stdio: 'inherit' });
