/** A shard function for the pool's tests, on WASM: `weight * mean((conv(x, theta) - y)^2)` with a 3x3 filter of 8 to 8 channels. */
import * as tf from '@tensorflow/tfjs';
import { useBackend } from '../dist/index.js';

const SHAPE = [3, 3, 8, 8];

/** `writes`: the gradient goes to the memory that is given. */
export async function makeShardFunction({ fault, writes = false } = {}) {
  if (fault === 'start') throw new Error('no network here');
  await useBackend('wasm');
  return (theta, { images, size, seed, weight }, into) => {
    if (fault === 'throw') throw new Error('out of luck');
    if (fault === 'exit') process.exit(3);
    return tf.tidy(() => {
      const x = tf.randomNormal([images, size, size, 8], 0, 1, 'float32', seed);
      const y = tf.randomNormal([images, size, size, 8], 0, 1, 'float32', seed + 1);
      const loss = (filter) => tf.mul(tf.mean(tf.square(tf.sub(tf.conv2d(x, filter, 1, 'same'), y))), weight);
      const { value, grad } = tf.valueAndGrad(loss)(tf.tensor4d(theta.slice(), SHAPE));
      const gradient = writes && into ? into : new Float32Array(theta.length);
      gradient.set(grad.dataSync());
      return { loss: value.dataSync()[0], gradient };
    });
  };
}
