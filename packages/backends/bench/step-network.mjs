/** EDSR-baseline x4 (16 blocks of 64 channels) in plain TF.js, as a function of flat parameters. */
import * as tf from '@tensorflow/tfjs';
import { useBackend } from '../dist/index.js';

const [FEATURES, BLOCKS] = [64, 16];
export const [BATCH, SIDE, SCALE] = [8, 24, 4];

const conv = (from, to) => ({ from, to, size: 9 * from * to + to });
const body = Array.from({ length: 2 * BLOCKS + 1 }, () => conv(FEATURES, FEATURES));
/** All convolutions, 3x3, in order. */
const layers = [
  conv(3, FEATURES),
  ...body,
  conv(FEATURES, 4 * FEATURES),
  conv(FEATURES, 4 * FEATURES),
  conv(FEATURES, 3),
];
export const parameterCount = layers.reduce((sum, { size }) => sum + size, 0);

/** Multiply-adds count as two operations; forward and both gradients, but for the input gradient of the first layer. */
export const flopOf = (images) =>
  layers.reduce((sum, { from, to }, at) => {
    const side = SIDE * (at < layers.length - 2 ? 1 : at === layers.length - 2 ? 2 : SCALE);
    return sum + 2 * images * side * side * 9 * from * to * (at === 0 ? 2 : 3);
  }, 0);

function network(x, weights) {
  let at = 0;
  const next = (input) => {
    const [filter, bias] = weights[at++];
    return tf.add(tf.conv2d(input, filter, 1, 'same'), bias);
  };
  const head = next(x);
  let features = head;
  for (let block = 0; block < BLOCKS; block++) features = tf.add(next(tf.relu(next(features))), features);
  features = tf.add(next(features), head);
  for (let up = 0; up < 2; up++) features = tf.depthToSpace(next(features), 2, 'NHWC');
  return next(features);
}

/** Loss and gradient of `images` seeded patches; `weight` is their share of the batch. */
export async function makeShardFunction() {
  await useBackend('wasm');
  return (theta, { images, seed, weight }) => {
    const result = { loss: 0, gradient: new Float32Array(parameterCount) };
    // Nothing is returned from the tidy: it would search the whole gradient for tensors.
    tf.tidy(() => {
      const x = tf.randomUniform([images, SIDE, SIDE, 3], 0, 255, 'float32', seed);
      const y = tf.randomUniform([images, SIDE * SCALE, SIDE * SCALE, 3], 0, 255, 'float32', seed + 1);
      const flat = layers.flatMap(({ from, to }) => [[3, 3, from, to], [to]]);
      let offset = 0;
      const tensors = flat.map((shape) => {
        const size = shape.reduce((a, b) => a * b, 1);
        offset += size;
        return tf.tensor(theta.slice(offset - size, offset), shape);
      });
      const loss = (...all) => {
        const weights = layers.map((_, at) => [all[2 * at], all[2 * at + 1]]);
        return tf.mul(tf.mean(tf.abs(tf.sub(network(x, weights), y))), weight);
      };
      const { value, grads } = tf.valueAndGrads(loss)(tensors);
      let at = 0;
      for (const grad of grads) {
        result.gradient.set(grad.dataSync(), at);
        at += grad.size;
      }
      result.loss = value.dataSync()[0];
    });
    return result;
  };
}
