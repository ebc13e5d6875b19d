/**
 * The gradients of `sum` and `mean`: the output's gradient, broadcast. TF.js multiplies it by a tensor of ones, which it first makes in JavaScript.
 */
import {
  broadcastTo,
  div,
  type GradConfig,
  Mean,
  type NamedAttrMap,
  reshape,
  Sum,
  type Tensor,
  util,
} from '@tensorflow/tfjs';

/** @param divisor what is divided by, given the number of values that were summed */
const gradientOf = (kernelName: string, divisor: (count: number) => number): GradConfig => ({
  kernelName,
  inputsToSave: ['x'],
  gradFunc: (dy, saved, attrs) => {
    const [x] = saved as [Tensor];
    const axes = util.parseAxisParam((attrs as NamedAttrMap)['axis'] as number | number[], x.shape);
    const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const count = util.sizeFromShape(axes.map((axis) => x.shape[axis] as number));
    const share = divisor(count) === 1 ? (dy as Tensor) : div(dy as Tensor, divisor(count));
    return { x: () => broadcastTo(reshape(share, kept), x.shape) };
  },
});

export const sumGradient = gradientOf(Sum, () => 1);
export const meanGradient = gradientOf(Mean, (count) => count);
