/** Grids that are learned by the value they clip at. */
import * as tf from '@tensorflow/tfjs';
import { levelRange } from '../grids.js';
import type { QuantSpec } from '../quant-spec.js';

/** The step that puts the outermost level at a clip value: `|clip| / qmax`. Its gradient: `sign(clip) / qmax`. */
export function clipStep(clip: tf.Tensor, spec: QuantSpec): tf.Tensor1D {
  return tf.div(tf.abs(clip), levelRange(spec).qmax);
}

/** The clip values of calibrated steps: `step * qmax`. */
export function clipsOf(steps: Float32Array, spec: QuantSpec): Float32Array {
  const { qmax } = levelRange(spec);
  return steps.map((step) => step * qmax);
}
