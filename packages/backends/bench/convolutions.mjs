/**
 * GFLOP/s of a 3x3 convolution and its two gradients, batch 16, 24x24, against plain TF.js. Run on the built package: `npm run bench`.
 *
 * All kernels of a row take turns, and the best turn of each counts: other work on the machine then slows none of them alone.
 */
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { useBackend } from '../dist/index.js';
import { race } from './race.mjs';

const [BATCH, SIZE, KERNEL] = [16, 24, 3];
const CHANNELS = [16, 32, 64];
const [TURNS, CALLS] = [60, 2];
const names = { forward: 'Conv2D', inputGradient: 'Conv2DBackpropInput', filterGradient: 'Conv2DBackpropFilter' };

const kernels = () => Object.fromEntries(Object.values(names).map((name) => [name, tf.getKernel(name, 'wasm')]));

await tf.setBackend('wasm');
const plain = kernels();
await useBackend('wasm');
const ours = kernels();
const backend = tf.backend();

const rows = CHANNELS.flatMap((channels) => {
  const shape = [BATCH, SIZE, SIZE, channels];
  const filterShape = [KERNEL, KERNEL, channels, channels];
  const [x, dy, filter] = [tf.randomNormal(shape), tf.randomNormal(shape), tf.randomNormal(filterShape)];
  const attrs = { strides: 1, pad: 'same', dataFormat: 'NHWC', dilations: 1, inputShape: shape, filterShape };
  const work = (kernel) => () =>
    backend.disposeData(kernel.kernelFunc({ inputs: { x, dy, filter }, attrs, backend }).dataId);
  const flop = 2 * BATCH * SIZE * SIZE * KERNEL * KERNEL * channels * channels;
  return Object.entries(names).map(([what, name]) => {
    const racers = [ours[name], plain.Conv2D, plain[name]].filter(Boolean);
    const [here, forward, before] = race(racers.map(work), TURNS, CALLS).map((ms) => flop / ms / 1e6);
    return {
      channels,
      what,
      'TF.js GFLOP/s': before ? Number(before.toFixed(1)) : 'throws',
      'here GFLOP/s': Number(here.toFixed(1)),
      'x TF.js': before ? Number((here / before).toFixed(2)) : '-',
      'x TF.js forward': Number((here / forward).toFixed(2)),
    };
  });
});
console.table(rows);
