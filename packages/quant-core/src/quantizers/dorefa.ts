import * as tf from '@tensorflow/tfjs';
import { levelRange } from '../grids.js';
import type { QuantSpec } from '../quant-spec.js';
import { real, type Scaled } from '../scaled.js';
import { stopGradient } from '../stop-gradient.js';
import { clipStep, clipsOf } from './clip.js';
import { maxOf } from './magnitude.js';
import { isSymmetric, refuseUnless } from './refusal.js';
import type { Quantizer } from './types.js';

/** Weights below this are not stretched to the grid: a tensor of zeros stays one. */
const TINY = 1e-12;

/**
 * DoReFa-Net (Zhou et al., 2016), with `n = 2^b - 1`.
 *
 * - weights, signed mid-rise: `t = tanh(x) / max |tanh(x)|`, `x^ = clip * (2 * round(n * (t + 1) / 2) / n - 1)`: odd levels of `s = clip / n`. The maximum is
 *   differentiated, as in the authors' code. It is the whole tensor's in the paper; where the spec is per channel, each channel's, so that each fills its grid.
 *   The paper's 1-bit weights are another quantizer, `xnor`.
 * - activations, unsigned mid-tread: `x^ = round(clamp(x, 0, clip) * n / clip) * clip / n`
 *
 * `clip` is 1 in the paper, with networks made for it; here it is calibrated, and not learned: its gradient is 0. Nothing lies outside the grid of weights, so
 * with the clipped estimator `dx^/dx` is that of `clip * t`. All-zero weights lie on level 1.
 */
export const dorefa = {
  name: 'dorefa',
  description: 'weights through tanh, activations clipped at a calibrated value',
  formula: 's = clip / qmax, clip not learned; weights tanh(x) / max |tanh(x)| first',
  params: { clip: 'grid' },
  refuses: (spec) => refuseUnless(isSymmetric)(spec) ?? (spec.signed ? refuseWeights(spec) : refuseActivations(spec)),
  init: ({ steps }, spec) => ({ clip: clipsOf(steps, spec) }),
  grid: (params, spec) => {
    const step = clipStep(stopGradient(params['clip'] as tf.Tensor1D), spec);
    if (!spec.signed) return { step, zeroPoint: null };
    return { step, zeroPoint: null, prepare: (x) => inLevels(x, step, spec) };
  },
  stepGradient: 'residual',
  dynamic: ({ signed }) => signed,
} as const satisfies Quantizer;

const refuseWeights = ({ grid, bits }: QuantSpec): string | null => {
  if (grid !== 'midrise') return 'lie on a midrise grid where it is signed';
  return bits === 1 ? 'have 2 bits or more where it is signed (1 bit is the quantizer xnor)' : null;
};
const refuseActivations = ({ grid }: QuantSpec): string | null =>
  grid === 'midtread' ? null : 'lie on a midtread grid where it is unsigned';

/** `n * tanh(x) / max |tanh(x)|` in units of the step: the largest is `n` exactly, and so inside the grid. */
function inLevels(x: Scaled, step: tf.Tensor1D, spec: QuantSpec): Scaled {
  const squashed = tf.tanh(real(x));
  const largest = maxOf(tf.abs(squashed), spec.granularity);
  const isTiny = tf.sub(1, tf.step(tf.sub(largest, TINY)));
  return { value: tf.mul(tf.div(squashed, tf.add(largest, isTiny)), levelRange(spec).qmax), scale: step };
}
