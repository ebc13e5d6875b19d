/**
 * Post-training quantization of EDSR-baseline x4, everything quantized: PSNR of the exported integer network on a benchmark set, and of the float network. After a build:
 * `node tools/post-training-table.mjs [--set Set5] [--plans w8a8s8,w4a4s8] [--variants NAME,...] [--iterations 300]`
 */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { useBackend } from '../packages/backends/dist/index.js';
import { openSource, pairsOf } from '../packages/datasets/dist/index.js';
import { measure } from '../packages/metrics/dist/index.js';
import { planFromPreset } from '../packages/quant-core/dist/index.js';
import { load, serializeModel } from '../packages/runtime/dist/index.js';
import { forward, lower, postTrain, toTensors } from '../packages/sr-models/dist/index.js';
import { calibrationBatches, edsrBaseline, sharedPath } from './shared-checkpoint.mjs';

const nothing = { reconstruction: 'none', biasCorrection: 'none' };
const variants = {
  'moving-max': { ...nothing, calibration: 'moving-max' },
  'min-max': { ...nothing, calibration: 'min-max' },
  percentile: { ...nothing, calibration: 'percentile' },
  entropy: { ...nothing, calibration: 'entropy' },
  mse: nothing,
  'mse, equalized by weights': { ...nothing, equalization: 'weights' },
  'mse, equalized by activations': { ...nothing, equalization: 'activations' },
  'mse, bias': { reconstruction: 'none' },
  'mse, layers': { reconstruction: 'layer', learns: [] },
  'mse, blocks': { reconstruction: 'block', learns: [] },
  'mse, blocks + steps + biases': {},
  'mse, blocks + steps + biases, inputs mixed': { learning: { quantizedShare: 0.5 } },
};

const { values: args } = parseArgs({
  options: {
    set: { type: 'string', default: 'Set5' },
    plans: { type: 'string', default: 'w8a8s8,w6a6s8,w4a4s8' },
    variants: { type: 'string', default: Object.keys(variants).join(';') },
    iterations: { type: 'string', default: '300' },
    patches: { type: 'string', default: '64' },
    batch: { type: 'string', default: '4' },
    'skips-per-channel': { type: 'boolean', default: false },
  },
});

await useBackend('wasm');
const { graph, params } = edsrBaseline(4);
const batches = await calibrationBatches(4, { patchSize: 16, batchSize: 8, count: Number(args.patches) / 8 });
const pairs = [];
for await (const pair of pairsOf(await openSource(sharedPath(`datasets/${args.set}`)), 4)) pairs.push(pair);

/** Mean luma PSNR of a function from images to images. */
async function psnrOf(upscale) {
  let sum = 0;
  for (const { lr, hr } of pairs)
    sum += measure(await upscale(lr), hr, { convention: 'edsr-benchmark', scale: 4 }).psnr;
  return sum / pairs.length;
}

const tensors = toTensors(graph, params);
const float = await psnrOf(({ width, height, data }) => {
  const pixels = tf.tidy(() => {
    const sr = forward(graph, tf.tensor4d(Float32Array.from(data), [1, height, width, 3]), {
      params: tensors,
      mode: 'float',
    });
    return tf.round(tf.clipByValue(sr, 0, 255)).dataSync();
  });
  return { width: width * 4, height: height * 4, channels: 3, data: Uint8Array.from(pixels) };
});
tf.dispose([...tensors.values()]);
console.log(`${args.set} x4, float: ${float.toFixed(3)} dB`);
console.log('| plan | variant | PSNR dB | to float | seconds |');
console.log('| --- | --- | --- | --- | --- |');

const planOf = (name) => planFromPreset(args['skips-per-channel'] ? `${name}-channel` : name);

for (const name of args.plans.split(',')) {
  for (const variant of args.variants.split(';')) {
    const started = performance.now();
    const { learning, ...options } = variants[variant];
    const trained = postTrain(graph, params, planOf(name), batches, {
      ...options,
      learning: { iterations: Number(args.iterations), batchSize: Number(args.batch), ...learning },
      onRegion: ({ region, nearest, final }) => {
        console.error(`${name} ${variant}: ${region} ${nearest?.toPrecision(3) ?? '-'} -> ${final.toPrecision(3)}`);
      },
    });
    const seconds = (performance.now() - started) / 1000;
    const network = await load(serializeModel(lower(trained.graph, trained.params)));
    const psnr = await psnrOf((image) => network.upscale(image));
    network.dispose();
    const away = (psnr - float).toFixed(3);
    console.log(`| ${planOf(name).name} | ${variant} | ${psnr.toFixed(3)} | ${away} | ${seconds.toFixed(0)} |`);
  }
}
