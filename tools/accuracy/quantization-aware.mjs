/**
 * Quantization-aware training of the shared EDSR-baseline x4 in W4A4S8, taught by the float network, on BSD400: `node tools/accuracy/quantization-aware.mjs [--runs FOLDER] [--threads N]`, after a build.
 * It resumes, and writes a record under `docs/accuracy/quantization-aware/` in the end; `tables.mjs` puts it on the page. On one processor core some 90 minutes.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { useBackend } from '../../packages/backends/dist/index.js';
import { planFromPreset } from '../../packages/quant-core/dist/index.js';
import {
  balanceGraph,
  graphOf,
  parseCheckpoint,
  postTrain,
  serializeCheckpoint,
} from '../../packages/sr-models/dist/index.js';
import { calibrationBatches, sharedPath } from '../shared-checkpoint.mjs';
import { commit, convention, datum, fqsr, integers, root, writeRecord } from './records.mjs';

const { values: args } = parseArgs({
  options: {
    runs: { type: 'string', default: join(root, 'runs/accuracy') },
    threads: { type: 'string', default: '1' },
  },
});
const runs = resolve(args.runs);
const source = 'checkpoints/edsr_baseline_x4.safetensors';
const [name, plan] = ['edsr_baseline_x4-w4a4s8', 'w4a4s8'];
/** How much the noise of what the upsampler reads counts beside that of a block: it goes straight to the image. */
const upsamplerCounts = 16;
const options = {
  ...{ steps: 6500, batchSize: 4, patchSize: 24, patchesPerImage: 4, seed: 1, shards: 1 },
  ...{ learningRate: 0.00015, rampSteps: 100, quantizerRate: 6, biasRate: 30, emaDecay: 0.998 },
  ...{ distill: 'outputs', loss: { l1: 0.25 }, validateEvery: 500, checkpointEvery: 100, samples: 0 },
};

mkdirSync(runs, { recursive: true });
const made = commit();
fqsr(runs, 'import', sharedPath(source), '-o', 'float.safetensors');
const start = join(runs, `${name}-start.safetensors`);
if (!existsSync(start)) {
  await useBackend('wasm');
  const float = parseCheckpoint(new Uint8Array(readFileSync(join(runs, 'float.safetensors'))));
  const batches = await calibrationBatches(4, { patchSize: 16, batchSize: 8, count: 16 });
  const graph = graphOf(float);
  const params = balanceGraph(graph, float.params, batches, 1, (reader) =>
    reader === 'up.0.conv' ? upsamplerCounts : 1,
  );
  const plain = { reconstruction: 'none', biasCorrection: 'mean' };
  const quantized = postTrain(graph, params, planFromPreset(plan), batches, plain);
  writeFileSync(start, serializeCheckpoint({ ...float, plan: planFromPreset(plan), params: quantized.params }));
}
writeFileSync(join(runs, 'options.json'), JSON.stringify(options));
const data = ['--data', sharedPath('datasets/BSD400'), '--validate', sharedPath('datasets/Set5')];
const from = ['--init', start, '--plan', plan, '--teacher', 'float.safetensors', '--threads', args.threads];
fqsr(runs, 'train', '--config', 'options.json', ...from, ...data, '-o', name);
const measured = integers(runs, `${name}/model-ema.safetensors`, `${name}.fqsr`);
const trained = { start: datum(source), data: datum('datasets/BSD400'), upsamplerCounts, ...options };
writeRecord('quantization-aware', name, {
  network: 'edsr_baseline_x4',
  plan,
  trained,
  commit: made,
  convention,
  ...measured,
});
