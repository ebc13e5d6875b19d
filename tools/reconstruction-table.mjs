/**
 * What post-training tools gain on single layers of EDSR-baseline x4: the error of a layer's outputs on patches that nothing was fitted to, relative to nearest rounding on
 * a grid that clips nothing; the first table of `docs/post-training.md`. After a build: `node tools/reconstruction-table.mjs [LAYER,...]`
 */
import * as tf from '@tensorflow/tfjs';
import { useBackend } from '../packages/backends/dist/index.js';
import {
  biasCorrection,
  calibrationByName,
  makeSpec,
  real,
  reconstruct,
  roundNearest,
} from '../packages/quant-core/dist/index.js';
import { forward, toTensors } from '../packages/sr-models/dist/index.js';
import { calibrationBatches, edsrBaseline } from './shared-checkpoint.mjs';

const layers = (process.argv[2] ?? 'body.3.conv1,body.12.conv2').split(',');
const { graph, params } = edsrBaseline(4);
const batches = await calibrationBatches(4, { patchSize: 16, batchSize: 64, count: 2 });
await useBackend('wasm');

/** What a convolution reads, in float, on patches. */
function inputsOf({ input }, { lr, batchSize, patchSize }) {
  const last = graph.nodes.findIndex(({ name }) => name === input);
  const nodes = [...graph.nodes.slice(0, last + 1), { op: 'output', name: 'cut', input }];
  return tf.tidy(() => {
    const images = tf.tensor4d(lr, [batchSize, patchSize, patchSize, 3]);
    return forward({ ...graph, nodes }, images, { params: toTensors(graph, params), mode: 'float' });
  });
}

function stepsBy(calibration, weights, spec, channels) {
  return Float32Array.from({ length: channels }, (_, channel) => {
    const observer = calibrationByName(calibration).create();
    observer.observe(weights.filter((_w, i) => i % channels === channel));
    return observer.fit(spec).step;
  });
}

const convolve = (x, weights, shape) => tf.conv2d(x, tf.tensor(weights, shape), 1, 'same');
const errorOf = (y, target) => tf.mean(tf.sum(tf.squaredDifference(y, target), -1)).dataSync()[0];
const block = ({ weights }, [x]) => tf.conv2d(x, real(weights.layer), 1, 'same');

const learned = [200, 500];
const columns = ['layer', 'bits', 'mse grid', '+ bias correction', ...learned.map((n) => `learned, ${n} iterations`)];
console.log(`| ${columns.join(' | ')} |\n|${' --- |'.repeat(columns.length)}`);
for (const layer of layers) {
  const node = graph.nodes.find(({ name }) => name === layer);
  const shape = [...node.kernel, node.inChannels, node.outChannels];
  const weights = params.get(`${layer}.weight`);
  const [x, heldX] = batches.map((batch) => inputsOf(node, batch));
  const [y, heldY] = [x, heldX].map((input) => tf.tidy(() => convolve(input, weights, shape)));
  const measure = (own, bias = tf.scalar(0)) =>
    tf.tidy(() => errorOf(tf.add(convolve(heldX, own, shape), bias), heldY));
  for (const bits of [2, 3, 4]) {
    const spec = makeSpec({ bits, narrow: true, granularity: 'channel' });
    const roundable = (calibration) => ({ weights, shape, spec, steps: stepsBy(calibration, weights, spec, shape[3]) });
    const plain = measure(roundNearest(roundable('min-max')).weights);
    const nearest = roundNearest(roundable('mse')).weights;
    const correction = biasCorrection(shape[3]);
    tf.tidy(() => correction.observe(y, convolve(x, nearest, shape)));
    const data = { inputs: [x], targets: y };
    const errors = learned.map((iterations) => {
      const { weights: rounded } = reconstruct(block, { layer: roundable('mse') }, {}, data, { iterations });
      return measure(rounded.layer.weights);
    });
    const all = [measure(nearest), measure(nearest, correction.result()), ...errors];
    console.log(`| ${layer} | ${bits} | ${all.map((error) => (error / plain).toFixed(3)).join(' | ')} |`);
  }
  tf.dispose([x, heldX, y, heldY]);
}
