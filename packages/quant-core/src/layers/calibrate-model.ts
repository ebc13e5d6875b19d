import * as tf from '@tensorflow/tfjs';
import { isQuantLayer } from './registry.js';

/**
 * Calibrates a quantized model without training it (post-training quantization): shows it batches until every warm-up is over or the batches are, then ends
 * the warm-up of all layers with what they saw. Dropout and batch normalization behave as in inference.
 *
 * @param batches inputs of the model, each a tensor or one for each input; not disposed
 * @returns how many batches were used
 * @throws QuantError for values that are not finite, or for no batches at all while a layer is warming up
 *
 * @example
 * calibrateModel(model, [images]); // grids from one batch
 */
export function calibrateModel(model: tf.LayersModel, batches: Iterable<tf.Tensor | tf.Tensor[]>): number {
  const layers = model.layers.filter(isQuantLayer);
  let used = 0;
  for (const batch of batches) {
    if (layers.every(({ warmUp }) => warmUp.calls >= warmUp.of)) break;
    tf.tidy(() => void model.apply(batch, { calibrate: true }));
    used++;
  }
  for (const layer of layers) layer.finishWarmUp();
  return used;
}
