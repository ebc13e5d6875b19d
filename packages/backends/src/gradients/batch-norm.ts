/**
 * The gradient of batch normalization by one pass over the values, where a backend has that kernel, and a few operations on channels.
 *
 * With `f = scale / sqrt(variance + epsilon)`, `dx = f * dy`, `d mean = -f * sum(dy)`, `d variance = -1/2 * f / (variance + epsilon) * sum(dy * (x - mean))`,
 * `d scale = sum(dy * (x - mean)) / sqrt(variance + epsilon)`, `d offset = sum(dy)`.
 */
import { add, div, mul, ones, reshape, rsqrt, type Tensor, unstack } from '@tensorflow/tfjs';
import { runFused, withFused } from './fused.js';

/** For statistics of one value for each channel of the last axis. */
export const batchNormGradient = withFused('FqsrBatchNormGrad', (dy, saved, attrs) => {
  const [x, mean, variance, scale] = saved as [Tensor, Tensor, Tensor, Tensor | undefined];
  const channels = x.shape.at(-1) ?? 1;
  if ([mean, variance, scale ?? mean].some(({ size }) => size !== channels)) return null;
  const inputs = scale ? { x, dy, mean, variance, scale } : { x, dy, mean, variance };
  const [dx, sums] = runFused('FqsrBatchNormGrad', inputs, attrs) as [Tensor, Tensor];
  const [plain, centred] = unstack(sums) as [Tensor, Tensor];
  const shifted = add(reshape(variance, [channels]), attrs['varianceEpsilon'] as number);
  const inverse = rsqrt(shifted);
  const factor = mul(inverse, scale ? reshape(scale, [channels]) : ones([channels]));
  return {
    x: dx,
    mean: reshape(mul(mul(factor, plain), -1), mean.shape),
    variance: reshape(mul(div(mul(factor, centred), shifted), -0.5), variance.shape),
    scale: reshape(mul(centred, inverse), scale?.shape ?? [channels]),
    offset: plain,
  };
});
