/**
 * The discriminator of SRGAN (Ledig et al., CVPR 2017, figure 4): eight 3x3 convolutions of F, F, 2F, 2F, 4F, 4F, 8F, 8F channels (F = 64), every second one of stride
 * 2, each but the first with batch normalisation, LeakyReLU of slope 0.2; then dense 16F, LeakyReLU, dense 1. It gives logits: the sigmoid is in the loss.
 *
 * Its normalisations use the statistics of the batch, real and generated images apart: it is never run outside training, so it keeps no running ones.
 */
import * as tf from '@tensorflow/tfjs';
import { ModelError } from '../error.js';
import type { Params, ParamTensors } from '../params.js';
import type { Parameter } from '../passes/parameters.js';

/** What makes one discriminator. */
export interface DiscriminatorConfig {
  /** Side of the images that it sees, in pixels. */
  readonly side: number;
  /** Channels of its first convolution; 64 in the paper. */
  readonly features: number;
}

const SLOPE = 0.2;
const EPSILON = 1e-5;
const KERNEL = 3;
/** Output channels of each convolution in multiples of `features`, and its stride. */
const CONVOLUTIONS = [
  [1, 1],
  [1, 2],
  [2, 1],
  [2, 2],
  [4, 1],
  [4, 2],
  [8, 1],
  [8, 2],
] as const;
const DENSE = 16;

/**
 * All parameters in order: `conv.<i>.weight` (HWIO), `conv.0.bias`, `norm.<i>.gamma` and `.beta` for `i` from 1, `dense.<i>.weight` (`[in, out]`) and `.bias`.
 * Convolutions in front of a normalisation have no bias, which it would take away again.
 *
 * @throws ModelError for a configuration that is not of positive integers
 */
export function discriminatorParameters({ side, features }: DiscriminatorConfig): readonly Parameter[] {
  for (const [field, value] of Object.entries({ side, features })) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new ModelError('discriminatorParameters', `${field} must be a positive integer, got ${value}`, 'correct it');
  }
  const all: Parameter[] = [];
  let channels = 3;
  for (const [i, [multiple]] of CONVOLUTIONS.entries()) {
    const out = multiple * features;
    all.push({ name: `conv.${i}.weight`, shape: [KERNEL, KERNEL, channels, out], kind: 'weight' });
    if (i === 0) all.push({ name: `conv.${i}.bias`, shape: [out], kind: 'bias' });
    else for (const part of ['gamma', 'beta']) all.push({ name: `norm.${i}.${part}`, shape: [out], kind: 'norm' });
    channels = out;
  }
  let last = side;
  for (const [, stride] of CONVOLUTIONS) last = Math.ceil(last / stride);
  const sizes = [last * last * channels, DENSE * features, 1];
  for (const i of [0, 1] as const) {
    const [from, to] = [sizes[i] as number, sizes[i + 1] as number];
    all.push({ name: `dense.${i}.weight`, shape: [from, to], kind: 'weight' });
    all.push({ name: `dense.${i}.bias`, shape: [to], kind: 'bias' });
  }
  return all;
}

/** Seeded weights, uniform in `+-sqrt(6 / ((1 + slope^2) fan_in))` (He et al., ICCV 2015); biases 0, normalisations the identity. */
export function initDiscriminator(config: DiscriminatorConfig, seed: number): Params {
  return new Map(
    discriminatorParameters(config).map(({ name, shape, kind }): [string, Float32Array] => {
      const size = shape.reduce((a, b) => a * b, 1);
      if (kind !== 'weight') return [name, new Float32Array(size).fill(name.endsWith('.gamma') ? 1 : 0)];
      const fanIn = size / (shape.at(-1) as number);
      const bound = Math.sqrt(6 / ((1 + SLOPE ** 2) * fanIn));
      const values = tf.tidy(() => {
        return tf.randomUniform([size], -bound, bound, 'float32', `${seed}/discriminator/${name}`).dataSync();
      });
      return [name, Float32Array.from(values)];
    }),
  );
}

/**
 * Logits that images are real, differentiable in images and parameters.
 *
 * @param images `[batch, side, side, 3]` in grey levels; mapped to -1..1 first
 * @returns `[batch, 1]`; the caller disposes
 */
export function discriminate(images: tf.Tensor4D, params: ParamTensors): tf.Tensor2D {
  const param = <T extends tf.Tensor>(name: string): T => params.get(name) as T;
  const activate = <T extends tf.Tensor>(x: T): T => tf.leakyRelu(x, SLOPE);
  let x: tf.Tensor4D = tf.sub(tf.div(images, 127.5), 1);
  for (const [i, [, stride]] of CONVOLUTIONS.entries()) {
    x = tf.conv2d(x, param<tf.Tensor4D>(`conv.${i}.weight`), stride, 'same');
    if (i === 0) x = tf.add(x, param(`conv.${i}.bias`));
    else {
      const { mean, variance } = tf.moments(x, [0, 1, 2]) as { mean: tf.Tensor1D; variance: tf.Tensor1D };
      const [beta, gamma] = [param<tf.Tensor1D>(`norm.${i}.beta`), param<tf.Tensor1D>(`norm.${i}.gamma`)];
      x = tf.batchNorm(x, mean, variance, beta, gamma, EPSILON) as tf.Tensor4D;
    }
    x = activate(x);
  }
  const flat = tf.reshape(x, [x.shape[0], -1]) as tf.Tensor2D;
  const hidden = activate(tf.add(tf.matMul(flat, param<tf.Tensor2D>('dense.0.weight')), param('dense.0.bias')));
  return tf.add(tf.matMul(hidden as tf.Tensor2D, param<tf.Tensor2D>('dense.1.weight')), param('dense.1.bias'));
}
