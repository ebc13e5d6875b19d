/**
 * Quantization-aware training of the shared EDSR-baseline x4 in W4A4S8, W3A3S8 or W2A2S8, taught by the float network, on BSD400:
 * `node tools/accuracy/quantization-aware.mjs [--plan w4a4s8] [--runs FOLDER] [--threads N]`, after a build.
 * The network gets an image skip first (`withImageSkip`), then the basis of least noise. It resumes, and writes a record under `docs/accuracy/quantization-aware/` in the end; `tables.mjs` puts it on the page. Each takes some two hours of one
 * processor core.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { useBackend } from '../../packages/backends/dist/index.js';
import { planFromPreset } from '../../packages/quant-core/dist/index.js';
import {
  balanceGraph,
  graphOf,
  parseCheckpoint,
  postTrain,
  serializeCheckpoint,
  withImageSkip,
} from '../../packages/sr-models/dist/index.js';
import { calibrationBatches, sharedPath } from '../shared-checkpoint.mjs';
import { betterBy } from './better.mjs';
import { commit, convention, datum, fqsr, integers, root, writeRecord } from './records.mjs';

const { values: args } = parseArgs({
  options: {
    runs: { type: 'string', default: join(root, 'runs/accuracy') },
    threads: { type: 'string', default: '1' },
    plan: { type: 'string', default: 'w4a4s8' },
  },
});
const runs = resolve(args.runs);
const source = 'checkpoints/edsr_baseline_x4.safetensors';
const { plan } = args;
const name = `edsr_baseline_x4-${plan}`;
const shared = {
  ...{ batchSize: 4, patchSize: 24, patchesPerImage: 4, shards: 1, rampSteps: 100, quantizerRate: 6, biasRate: 30 },
  ...{ emaDecay: 0.998, checkpointEvery: 100, samples: 0 },
};
/** Squared errors are what PSNR measures. */
const bySquares = { distill: { 'squared-outputs': 0.1 }, loss: { mse: 0.025 } };
/** Integer weights stay as they are in the end, for 600 steps at the first rate and a cosine from it. */
const held = (from) => ({ steps: from + 600, schedule: 'cosine-restarts', restartAt: [from], holdLevelsAt: from });
/** By plan. */
const training = {
  w4a4s8: { steps: 6500, seed: 1, learningRate: 0.00015, ...shared, ...bySquares, validateEvery: 250 },
  w3a3s8: { steps: 4000, seed: 1, learningRate: 0.0002, ...shared, ...bySquares, validateEvery: 250 },
  w2a2s8: { ...held(5000), seed: 1, learningRate: 0.0002, ...shared, ...bySquares, validateEvery: 250 },
}[plan];
if (!training) throw new Error(`quantization-aware: plan must be w4a4s8, w3a3s8 or w2a2s8, got ${plan}`);

mkdirSync(runs, { recursive: true });
const made = commit();
fqsr(runs, 'import', sharedPath(source), '-o', 'float.safetensors');
const start = join(runs, `${name}-start.safetensors`);
if (!existsSync(start)) {
  await useBackend('wasm');
  const float = parseCheckpoint(new Uint8Array(readFileSync(join(runs, 'float.safetensors'))));
  const batches = await calibrationBatches(4, { patchSize: 16, batchSize: 8, count: 16 });
  const skipped = withImageSkip(float, batches);
  const graph = graphOf({ ...skipped, plan: null });
  const params = balanceGraph(graph, skipped.params, batches, 1);
  const plain = { reconstruction: 'none', biasCorrection: 'mean' };
  const quantized = postTrain(graph, params, planFromPreset(plan), batches, plain);
  writeFileSync(
    start,
    serializeCheckpoint({ ...float, model: skipped.model, plan: planFromPreset(plan), params: quantized.params }),
  );
}
const data = ['--data', sharedPath('datasets/BSD400'), '--validate', sharedPath('datasets/Set5')];
writeFileSync(join(runs, `${name}.json`), JSON.stringify(training));
const from = ['--init', start, '--plan', plan, '--teacher', 'float.safetensors', '--threads', args.threads];
fqsr(runs, 'train', '--config', `${name}.json`, ...from, ...data, '-o', name);
const checkpoint = betterBy(runs, join(runs, name), join(runs, 'float.safetensors'));
const measured = integers(runs, checkpoint, `${name}.fqsr`);
const trained = {
  ...{ start: datum(source), data: datum('datasets/BSD400'), imageSkip: 'bilinear', stages: [training] },
  took: basename(checkpoint, '.safetensors'),
};
writeRecord('quantization-aware', name, {
  network: 'edsr_baseline_x4',
  plan,
  trained,
  commit: made,
  convention,
  ...measured,
});
