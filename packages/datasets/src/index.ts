/**
 * Pairs of high- and low-resolution images: sources, MATLAB-compatible bicubic, seeded patches, image files.
 */
export { applySymmetry, SYMMETRIES } from './augment.js';
export { concatSources } from './concat-sources.js';
export { type DeadLeavesOptions, renderDeadLeaves } from './dead-leaves/render.js';
export { decodeImage, readImage } from './decode.js';
export { openRecipe } from './degradations/open.js';
export { type DegradationRecipe, type Drawn, drawSteps, parseRecipe, type RecipeStep } from './degradations/recipe.js';
export { type RecipeName, recipeNames, recipes } from './degradations/recipes.js';
export { type DegradationName, type DegradationStep, degradationNames, degradations } from './degradations/registry.js';
export { type DegradeOptions, degrade } from './degrade.js';
export { type DegradeSourceOptions, degradeSource } from './degrade-source.js';
export { encodableExtensions, encodeImage, encodePng, formatOf, type Quality } from './encode.js';
export { checkEncodable, encodeRows, type RowsTarget } from './encode-rows.js';
export { BrokenImageError, DatasetError, type OnBroken, type Skipped } from './error.js';
export { enlargeRows, type RowShape } from './files/enlarge-rows.js';
export { type ImageFile, type ImageMetadata, type OpenOptions, openImageFile } from './files/image-file.js';
export type { Samples } from './files/pad-colour.js';
export { crop, type Image, makeImage, modcrop, type StoredFormat } from './image.js';
export { batchesFrom, type PairsOptions, pairsOf } from './iterate.js';
export { type ImagePair, makePair, type PixelFormat, pairFromHr, pixelFormat } from './pair.js';
export type { RowStream } from './png-rows.js';
export { openPatchStream, type PrefetchOptions } from './prefetch.js';
export type { Downloaded, DownloadOptions } from './remote/download.js';
export { remoteSets, setFromUrl } from './remote/known.js';
export type { RemoteArchive, RemoteSet } from './remote/manifest.js';
export { cachedSet, cacheFolder, type FetchedSet, type FetchOptions, fetchSet } from './remote/store.js';
export { type FloatPlane, resizeBicubic, resizeBicubicPlane, type Size } from './resize.js';
export { type Shard, type Source, type SourceKind, shardOf } from './source.js';
export { openSource, registerSourceKind, sourceKinds } from './sources/registry.js';
export { type StreamShardsOptions, streamShards } from './sources/stream-shards.js';
export { type Batch, createPatchStream, type PatchStream, type PatchStreamOptions } from './stream.js';
export { type TfDataOptions, type TfLike, toTfData } from './tf-data.js';
