/**
 * The gradients of `relu`, `leakyRelu` and `prelu` by one kernel each, where a backend has it.
 */
import type { Tensor } from '@tensorflow/tfjs';
import { runFused, withFused } from './fused.js';

export const reluGradient = withFused('FqsrReluGrad', (dy, saved) => {
  const [x] = saved as [Tensor];
  const [dx] = runFused('FqsrReluGrad', { x, dy }, {});
  return { x: dx as Tensor };
});

export const leakyReluGradient = withFused('FqsrLeakyReluGrad', (dy, saved, attrs) => {
  const [x] = saved as [Tensor];
  const [dx] = runFused('FqsrLeakyReluGrad', { x, dy }, attrs);
  return { x: dx as Tensor };
});

/** For slopes of one value, or one for each channel of the last axis. */
export const preluGradient = withFused('FqsrPreluGrad', (dy, saved) => {
  const [x, alpha] = saved as [Tensor, Tensor];
  const isVector = alpha.size === 1 || (alpha.size === x.shape.at(-1) && alpha.shape.at(-1) === alpha.size);
  if (!isVector) return null;
  const [dx, dalpha] = runFused('FqsrPreluGrad', { x, alpha, dy }, {});
  return { x: dx as Tensor, alpha: dalpha as Tensor };
});
