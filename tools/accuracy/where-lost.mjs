/**
 * Where post-training loses: EDSR-baseline x4, or another EDSR, under W8A8S8 and W4A4S8 with one part of the network at a time left in float, or at 8 bits, and under each way of preparing the float network. PSNR of the
 * fake-quantized graph on a benchmark set. After a build: `node tools/accuracy/where-lost.mjs [--checkpoint FILE] [--set Set5] [--patches 128] [--only TEXT]`
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { useBackend } from '../../packages/backends/dist/index.js';
import { openSource, pairsOf } from '../../packages/datasets/dist/index.js';
import { measure } from '../../packages/metrics/dist/index.js';
import { makePlan, planFromPreset } from '../../packages/quant-core/dist/index.js';
import {
  forward,
  graphOf,
  modelByName,
  parseCheckpoint,
  postTrain,
  toTensors,
  withImageSkip,
} from '../../packages/sr-models/dist/index.js';
import { calibrationBatches, edsrBaseline, sharedPath } from '../shared-checkpoint.mjs';

const { values: args } = parseArgs({
  options: {
    set: { type: 'string', default: 'Set5' },
    patches: { type: 'string', default: '128' },
    /** A float network; without, the shared EDSR-baseline x4. */
    checkpoint: { type: 'string' },
    /** Cases whose plan and words hold this. */
    only: { type: 'string', default: '' },
  },
});

await useBackend('wasm');
/** A float network. */
function opened(path) {
  const read = parseCheckpoint(new Uint8Array(readFileSync(path)));
  return { graph: graphOf(read), params: read.params, model: read.model };
}
const {
  graph,
  params,
  model = modelByName('edsr-baseline', 4),
} = args.checkpoint ? opened(args.checkpoint) : edsrBaseline(4);
const { scale } = graph;
/** The convolutions behind the body. */
const behind = graph.nodes.flatMap(({ op, name }) => (op === 'conv2d' && !/^(head|body)/.test(name) ? [name] : []));

/** A preset with roles replaced, or with specs of single layers: `null` is float. */
const planOf = (preset, roles = {}, overrides = []) => {
  const plan = planFromPreset(preset);
  const merged = Object.entries(roles).map(([role, spec]) => [role, spec && { ...plan.roles[role], ...spec }]);
  return makePlan({ ...plan, roles: { ...plan.roles, ...Object.fromEntries(merged) }, overrides });
};
const activations = (pattern, spec) => ({ pattern, role: 'activations', spec });

const eight = { bits: 8 };
const cases = [
  ['w8a8s8', 'as it is', planOf('w8a8s8')],
  ['w8a8s8', 'weights in float', planOf('w8a8s8', { weights: null })],
  ['w8a8s8', 'what convolutions read in float', planOf('w8a8s8', { activations: null })],
  ['w8a8s8', 'skips in float', planOf('w8a8s8', { skips: null })],
  ['w8a8s8', 'a skip step for each channel', planFromPreset('w8a8s8-channel')],
  ['w8a8s8', 'rotated', planOf('w8a8s8'), { rotation: 'hadamard' }],
  ...behind.map((name) => [
    'w8a8s8',
    `what ${name} reads of 4 bits`,
    planOf('w8a8s8', {}, [activations(name, { bits: 4 })]),
  ]),
  ['w4a4s8', 'as it is', planOf('w4a4s8')],
  ['w4a4s8', 'weights of 8 bits', planOf('w4a4s8', { weights: eight })],
  ['w4a4s8', 'what residual blocks and body.conv read of 8 bits', planOf('w4a4s8', {}, [activations('body.*', eight)])],
  ...behind.map((name) => ['w4a4s8', `what ${name} reads of 8 bits`, planOf('w4a4s8', {}, [activations(name, eight)])]),
  ['w4a4s8', 'all that convolutions read of 8 bits', planOf('w4a4s8', { activations: eight })],
  ['w4a4s8', 'equalized by weights', planOf('w4a4s8'), { equalization: 'weights' }],
  ['w4a4s8', 'equalized by activations', planOf('w4a4s8'), { equalization: 'activations' }],
  ['w4a4s8', 'rotated', planOf('w4a4s8'), { rotation: 'hadamard' }],
  ['w4a4s8', 'rotated, another seed', planOf('w4a4s8'), { rotation: 'hadamard', learning: { seed: 1 } }],
  ...[0, 1, 2].map((seed) => {
    const own = { rotation: 'balanced', learning: { seed } };
    return ['w4a4s8', `in the balanced basis, seed ${seed}`, planOf('w4a4s8'), own];
  }),
  ...[0, 1, 2].map((seed) => {
    const own = { rotation: 'balanced', learning: { seed }, imageSkip: true };
    return ['w4a4s8', `the same with an image skip, seed ${seed}`, planOf('w4a4s8'), own];
  }),
  ['w4a4s8', 'with an image skip, as it is', planOf('w4a4s8'), { imageSkip: true }],
  ['w8a8s8', 'with an image skip, as it is', planOf('w8a8s8'), { imageSkip: true }],
  ['w8a4s8', 'in the balanced basis', planOf('w8a4s8'), { rotation: 'balanced' }],
  ['w4a8s8', 'in the balanced basis', planOf('w4a8s8'), { rotation: 'balanced' }],
];

const batches = await calibrationBatches(scale, { patchSize: 16, batchSize: 8, count: Number(args.patches) / 8 });
const pairs = [];
for await (const pair of pairsOf(await openSource(sharedPath(`datasets/${args.set}`)), scale)) pairs.push(pair);

/** Mean luma PSNR of a graph in a mode. */
function psnrOf(subject, own, mode) {
  const tensors = toTensors(subject, own);
  const values = pairs.map(({ lr, hr }) => {
    const pixels = tf.tidy(() => {
      const images = tf.tensor4d(Float32Array.from(lr.data), [1, lr.height, lr.width, 3]);
      return tf.round(tf.clipByValue(forward(subject, images, { params: tensors, mode }), 0, 255)).dataSync();
    });
    return measure({ ...hr, data: Uint8Array.from(pixels) }, hr, { convention: 'edsr-benchmark', scale }).psnr;
  });
  tf.dispose([...tensors.values()]);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const float = psnrOf(graph, params, 'float');
console.log(`${args.set} x${scale}, float: ${float.toFixed(3)} dB\n`);
console.log('| plan | what is changed | PSNR dB | to float |');
console.log('| --- | --- | --- | --- |');
/** The network with an image skip, found when it is first asked for. */
let withSkip = null;
function skipped() {
  if (!withSkip) {
    const made = withImageSkip({ model, params }, batches);
    withSkip = { graph: graphOf({ ...made, plan: null }), params: made.params };
  }
  return withSkip;
}
for (const [preset, what, plan, { imageSkip, ...options } = {}] of cases) {
  if (!`${preset} ${what}`.includes(args.only)) continue;
  const own = imageSkip ? skipped() : { graph, params };
  const trained = postTrain(own.graph, own.params, plan, batches, {
    reconstruction: 'none',
    biasCorrection: 'none',
    ...options,
  });
  const psnr = psnrOf(trained.graph, trained.params, 'quantized');
  console.log(`| ${preset} | ${what} | ${psnr.toFixed(3)} | ${(psnr - float).toFixed(3)} |`);
}
