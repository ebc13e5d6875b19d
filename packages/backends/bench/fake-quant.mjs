/**
 * A fake-quantized activation, forward and backward, against a plain copy of as many floats. Run on the built package: `npm run bench`.
 *
 * A pass is one copy: every value read once and written once. The floor is 2.5 passes: forward reads one tensor and writes one, backward reads two and writes one.
 */
import * as tf from '@tensorflow/tfjs';
import { useBackend } from '../dist/index.js';
import { race } from './race.mjs';

const SHAPES = [
  [16, 24, 24, 64],
  [16, 48, 48, 64],
  [16, 96, 96, 64],
];
const grids = {
  'midtread, one step': { attrs: { qmin: -8, qmax: 7, spacing: 1 }, hasChannels: false },
  'midtread, a step a channel': { attrs: { qmin: -8, qmax: 7, spacing: 1 }, hasChannels: true },
  'midrise, one step': { attrs: { qmin: -15, qmax: 15, spacing: 2 }, hasChannels: false },
};

await useBackend('wasm');
const backend = tf.backend();
const forward = tf.getKernel('FqsrFakeQuant', 'wasm');
const gradient = tf.getKernel('FqsrFakeQuantGrad', 'wasm');
const dispose = (...infos) => {
  for (const { dataId } of infos) backend.disposeData(dataId);
};

const rows = SHAPES.flatMap((shape) =>
  Object.entries(grids).map(([grid, { attrs, hasChannels }]) => {
    const [x, dv] = [tf.randomNormal(shape), tf.randomNormal(shape)];
    const ratio = tf.fill([hasChannels ? shape.at(-1) : 1], 3);
    const copy = () => {
      const out = backend.makeOutput(shape, 'float32');
      backend.typedArrayFromHeap(out).set(backend.typedArrayFromHeap(x));
      dispose(out);
    };
    const quantize = () => dispose(forward.kernelFunc({ inputs: { x, ratio }, attrs, backend }));
    const back = () =>
      dispose(...gradient.kernelFunc({ inputs: { x, dv, ratio }, attrs: { ...attrs, surrogate: 'clipped' }, backend }));
    const [plain, there, andBack] = race([copy, quantize, back], 60, 2);
    const gigabytes = (tensors, ms) => Number(((tensors * 4 * x.size) / ms / 1e6).toFixed(1));
    tf.dispose([x, dv, ratio]);
    return {
      shape: shape.join('x'),
      grid,
      'copy GB/s': gigabytes(2, plain),
      'forward GB/s': gigabytes(2, there),
      'backward GB/s': gigabytes(3, andBack),
      'both, in passes': Number(((there + andBack) / plain).toFixed(2)),
    };
  }),
);
console.table(rows);
