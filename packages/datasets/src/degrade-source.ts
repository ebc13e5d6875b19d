/**
 * A source whose low resolution is made by a recipe instead of by bicubic alone.
 */
import { type DegradationRecipe, drawSteps } from './degradations/recipe.js';
import { degrade } from './degrade.js';
import { DatasetError } from './error.js';
import { hash32 } from './hash.js';
import { cropForScale, makePair } from './pair.js';
import { checkIndex, type Source } from './source.js';

/** How a source is degraded. */
export interface DegradeSourceOptions {
  readonly recipe: DegradationRecipe;
  /** Decides what is drawn for each image. */
  readonly seed: number;
}

/**
 * The pairs of a source with a low resolution that is drawn from a recipe, image by image: a pure function of source, recipe, seed and index. With `versions` in the
 * recipe every image comes so often, each time degraded otherwise: image `i` is version `floor(i / count)` of image `i % count`.
 *
 * @throws DatasetError when the low resolution of the source comes from files: prefix its name with `hr:` to leave those aside
 *
 * @example
 * const source = degradeSource(await openSource('photos'), { recipe: await openRecipe('classical'), seed: 1 });
 * const { lr, hr } = await source.pair(0, 4);
 */
export function degradeSource(source: Source, { recipe, seed }: DegradeSourceOptions): Source {
  if (source.ownLr) {
    throw new DatasetError(
      'degradeSource',
      `${source.name} must not bring low-resolution images of its own to be degraded by ${recipe.name}`,
      'write hr: before its name to leave them aside',
    );
  }
  const { versions = 1 } = recipe;
  const count = source.count * versions;
  const original = (i: number) => {
    checkIndex('degradeSource', i, count);
    return i % source.count;
  };
  const nameOf = (i: number) => {
    const name = source.nameOf(original(i));
    return versions === 1 ? name : `${name}-v${Math.floor(i / source.count) + 1}`;
  };
  const hr = async (i: number) => source.hr(original(i));
  return Object.freeze({
    ...source,
    count,
    nameOf,
    hr,
    pair: async (i: number, scale: number) => {
      const cropped = cropForScale(nameOf(i), await hr(i), scale);
      const drawn = hash32(seed, 5, i);
      const lr = await degrade(cropped, { scale, steps: drawSteps(recipe, drawn), seed: drawn });
      return makePair(nameOf(i), cropped, lr, scale);
    },
  });
}
