import { half, shouldBeFake, shouldBeReal } from './cross-entropy.js';
import type { AdversarialLoss } from './types.js';

/**
 * SRGAN (Ledig et al., CVPR 2017): the discriminator minimises `(bce(real, 1) + bce(fake, 0)) / 2`, the generator `bce(fake, 1) = mean -log sigmoid(fake)`.
 */
export const standard = {
  name: 'standard',
  description: 'binary cross-entropy, as in SRGAN',
  discriminator: (real, fake) => half(shouldBeReal(real), shouldBeFake(fake)),
  generator: (_real, fake) => shouldBeReal(fake),
} as const satisfies AdversarialLoss;
