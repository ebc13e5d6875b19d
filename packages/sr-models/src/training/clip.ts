import * as tf from '@tensorflow/tfjs';

/**
 * Clips a gradient by its global norm: `g * min(1, limit / |g|)` (Pascanu et al., ICML 2013). A gradient within the limit keeps its bits.
 *
 * @param limit largest Euclidean norm; 0 for none
 * @returns a new tensor; the caller disposes both
 */
export function clipByNorm(gradient: tf.Tensor1D, limit: number): tf.Tensor1D {
  if (limit === 0) return gradient.clone();
  return tf.tidy(() => {
    // Of the largest entry first: squares of large gradients overflow float32.
    const largest = tf.max(tf.abs(gradient)).dataSync()[0] as number;
    if (largest === 0) return gradient.clone();
    const norm = largest * Math.sqrt(tf.sum(tf.square(tf.div(gradient, largest))).dataSync()[0] as number);
    return norm <= limit ? gradient.clone() : tf.mul(gradient, limit / norm);
  });
}
