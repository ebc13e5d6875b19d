import { find } from '../find.js';
import { parseWeights, type Weights, weightsName } from '../weights.js';
import { charbonnier } from './charbonnier.js';
import { l1 } from './l1.js';
import { mse } from './mse.js';
import { multiScaleGradient } from './multi-scale-gradient.js';
import { perceptual, perceptualMse } from './perceptual.js';
import type { Loss } from './types.js';

/** All losses by name. */
export const losses = {
  l1,
  charbonnier,
  mse,
  perceptual,
  'perceptual-mse': perceptualMse,
  'multi-scale-gradient': multiScaleGradient,
} as const satisfies Record<string, Loss>;

/** The loss of that name. @throws ModelError listing the known names */
export const lossByName = (name: string): Loss => find<Loss>(losses, name, 'loss');

/**
 * The weights of an objective, see {@link parseWeights}.
 *
 * @throws ModelError also for an unknown loss
 */
export function lossWeights(loss: string | Weights): Weights {
  const weights = parseWeights(loss, 'loss');
  for (const name of Object.keys(weights)) lossByName(name);
  return weights;
}

/** An objective in words: `l1`, or `l1=1,perceptual=0.006`. */
export const lossName = (loss: string | Weights): string => weightsName(lossWeights(loss));
