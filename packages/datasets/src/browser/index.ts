/**
 * What browsers have of this package: no files, no archives, no worker threads of Node, and no image library of it.
 */
export { applySymmetry, SYMMETRIES } from '../augment.js';
export { concatSources } from '../concat-sources.js';
export { type DeadLeavesOptions, renderDeadLeaves } from '../dead-leaves/render.js';
export { type DegradationRecipe, type Drawn, drawSteps, parseRecipe, type RecipeStep } from '../degradations/recipe.js';
export { type RecipeName, recipeNames, recipes } from '../degradations/recipes.js';
export {
  type DegradationName,
  type DegradationStep,
  degradationNames,
  degradations,
} from '../degradations/registry.js';
export { type DegradeOptions, degrade } from '../degrade.js';
export { type DegradeSourceOptions, degradeSource } from '../degrade-source.js';
export { BrokenImageError, DatasetError, type OnBroken, type Skipped } from '../error.js';
export { crop, type Image, makeImage, modcrop, type StoredFormat } from '../image.js';
export { batchesFrom, type PairsOptions, pairsOf } from '../iterate.js';
export { type ImagePair, makePair, type PixelFormat, pairFromHr, pixelFormat } from '../pair.js';
export { type FloatPlane, resizeBicubic, resizeBicubicPlane, type Size } from '../resize.js';
export { type Shard, type Source, type SourceKind, shardOf } from '../source.js';
export { type Batch, createPatchStream, type PatchStream, type PatchStreamOptions } from '../stream.js';
export { type TfDataOptions, type TfLike, toTfData } from '../tf-data.js';
export { decodeImage, readImage } from './decode.js';
export { encodableExtensions, encodeImage, encodePng } from './encode.js';
export { openSource, registerSourceKind, sourceKinds } from './sources.js';
