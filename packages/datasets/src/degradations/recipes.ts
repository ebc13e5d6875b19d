/** The recipes that are known by name. A new one is an entry here. */
import type { DegradationRecipe } from './recipe.js';

/** All recipes by name. */
export const recipes = {
  blur: {
    description: 'Gaussian blur of sigma 1.6 before bicubic downsampling',
    name: 'blur',
    steps: [{ kind: 'gaussian-blur', sigma: 1.6 }, { kind: 'bicubic' }],
  },
  noise: {
    description: 'Gaussian noise of sigma 1 to 25 after bicubic downsampling',
    name: 'noise',
    steps: [{ kind: 'bicubic' }, { kind: 'gaussian-noise', sigma: [1, 25] }],
  },
  jpeg: {
    description: 'JPEG of quality 30 to 95 after bicubic downsampling',
    name: 'jpeg',
    steps: [{ kind: 'bicubic' }, { kind: 'jpeg', quality: [30, 95] }],
  },
  classical: {
    description: 'blur (0.2 to 3), bicubic, noise (0 to 15), JPEG (30 to 95), in this order',
    name: 'classical',
    steps: [
      { kind: 'gaussian-blur', sigma: [0.2, 3] },
      { kind: 'bicubic' },
      { kind: 'gaussian-noise', sigma: [0, 15] },
      { kind: 'jpeg', quality: [30, 95] },
    ],
  },
  'bsrgan-style': {
    description:
      'two blurs, two resizes, Gaussian and Poisson noise and JPEG in random order, then JPEG: the idea of BSRGAN (Zhang et al., ICCV 2021), not its exact kernels',
    name: 'bsrgan-style',
    order: 'random',
    steps: [
      { kind: 'gaussian-blur', sigma: [0.1, 2.4] },
      { kind: 'gaussian-blur', sigma: [0.5, 4], sigmaAcross: [0.5, 4], angle: [0, 180] },
      { kind: 'bicubic', factor: [0.5, 1], probability: 0.75 },
      { kind: 'bicubic' },
      { kind: 'gaussian-noise', sigma: [1, 25] },
      { kind: 'poisson-noise', peak: [100, 10000], probability: 0.5 },
      { kind: 'jpeg', quality: [30, 95], probability: 0.75 },
    ],
    last: [{ kind: 'bicubic' }, { kind: 'jpeg', quality: [30, 95] }],
  },
} as const satisfies Record<string, DegradationRecipe & { readonly description: string }>;

/** Name of a recipe. */
export type RecipeName = keyof typeof recipes;

/** The names of all recipes. */
export const recipeNames = Object.keys(recipes) as readonly RecipeName[];
