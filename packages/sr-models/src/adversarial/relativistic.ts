import * as tf from '@tensorflow/tfjs';
import { half, shouldBeFake, shouldBeReal } from './cross-entropy.js';
import type { AdversarialLoss } from './types.js';

/**
 * The relativistic average of ESRGAN (Wang et al., ECCV workshops 2018): how much more real than the mean of the others. With `r = real - mean(fake)` and
 * `f = fake - mean(real)` the discriminator minimises `(bce(r, 1) + bce(f, 0)) / 2` and the generator `(bce(r, 0) + bce(f, 1)) / 2`.
 */
export const relativistic = {
  name: 'relativistic',
  description: 'relativistic average, as in ESRGAN',
  discriminator: (real, fake) => half(shouldBeReal(against(real, fake)), shouldBeFake(against(fake, real))),
  generator: (real, fake) => half(shouldBeFake(against(real, fake)), shouldBeReal(against(fake, real))),
} as const satisfies AdversarialLoss;

function against(logits: tf.Tensor2D, others: tf.Tensor2D): tf.Tensor2D {
  return tf.sub(logits, tf.mean(others));
}
