/**
 * The gradients of `Maximum` and `Minimum`. TF.js's have the shape of the result, so they fail where an operand is broadcast. A tie goes to `a`, as there.
 */
import {
  backend_util,
  cast,
  type GradConfig,
  greater,
  greaterEqual,
  less,
  lessEqual,
  Maximum,
  Minimum,
  mul,
  reshape,
  sum,
  type Tensor,
} from '@tensorflow/tfjs';

type Takes = (a: Tensor, b: Tensor) => Tensor;

/** `dy` where the operand was taken, summed over the axes along which it was repeated. */
function share(dy: Tensor, taken: Tensor, operand: Tensor): Tensor {
  const own = mul(dy, cast(taken, 'float32'));
  const axes = backend_util.getReductionAxes(operand.shape, dy.shape);
  return reshape(axes.length > 0 ? sum(own, axes) : own, operand.shape);
}

const extreme = (kernelName: string, left: Takes, right: Takes): GradConfig => ({
  kernelName,
  inputsToSave: ['a', 'b'],
  gradFunc: (dy, saved) => {
    const [a, b] = saved as [Tensor, Tensor];
    return { a: () => share(dy as Tensor, left(a, b), a), b: () => share(dy as Tensor, right(a, b), b) };
  },
});

export const maximumGradient = extreme(Maximum, greaterEqual, less);
export const minimumGradient = extreme(Minimum, lessEqual, greater);
