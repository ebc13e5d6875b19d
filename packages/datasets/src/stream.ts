/**
 * Seeded patches for training. Batch `n` is a pure function of source, options and `n`, so that a run resumes exactly from its cursor.
 */
import { copyTransformed, SYMMETRIES } from './augment.js';
import { createCache } from './cache.js';
import type { DegradationRecipe } from './degradations/recipe.js';
import { degradeSource } from './degrade-source.js';
import { BrokenImageError, DatasetError, type OnBroken, type Skipped } from './error.js';
import { hash32, shuffled } from './hash.js';
import { checkScale } from './image.js';
import type { ImagePair } from './pair.js';
import { type Shard, type Source, shardOf } from './source.js';

/** Bytes of decoded pairs that a stream keeps unless it is told otherwise. */
export const CACHE_BYTES = 512 * 2 ** 20;

/** What a patch stream draws. */
export interface PatchStreamOptions {
  readonly scale: number;
  /** Side of the low-resolution patch in pixels. */
  readonly patchSize: number;
  readonly batchSize: number;
  readonly seed: number;
  /** Patches drawn from an image in one epoch, one after the other; 1 by default. More of them when the images do not fit into the cache. */
  readonly patchesPerImage?: number;
  /** Bytes of decoded pairs that are kept; 512 MiB by default. */
  readonly cacheBytes?: number;
  /** What happens to an image that is no image, damaged or truncated; `skip` by default: another one takes its place, and `skipped()` tells. */
  readonly onBroken?: OnBroken;
  /** Makes the low resolution, image by image, seeded by `seed`; bicubic when left out. Only for sources whose low resolution is not of files. */
  readonly degradation?: DegradationRecipe | undefined;
  /** Draws from a part of the source only. */
  readonly shard?: Shard | undefined;
}

/** A batch of patches, 0..255, interleaved RGB, patch by patch: NHWC. */
export interface Batch {
  /** `batchSize * patchSize^2 * 3` samples. */
  readonly lr: Float32Array;
  /** `batchSize * (patchSize * scale)^2 * 3` samples. */
  readonly hr: Float32Array;
  readonly batchSize: number;
  readonly patchSize: number;
  readonly scale: number;
}

/** Patches by cursor. */
export interface PatchStream {
  /** Batches that an epoch takes; the last one of an epoch may reach into the next. */
  readonly batchesPerEpoch: number;
  /** The batch at a cursor: an integer from 0 on. Calls may overlap. */
  batch(cursor: number): Promise<Batch>;
  /** The images met so far that are smaller than a patch or broken; another image takes their place. */
  skipped(): readonly Skipped[];
  /** Ends what works in the background; the stream is not to be used any more. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/**
 * A stream of patches. In each epoch every image gives `patchesPerImage` patches, in a seeded order of the images, each at a seeded place and under one of the eight
 * symmetries of the square.
 *
 * @throws DatasetError when an option is out of range; `batch` also when no image is as large as a patch, and on a broken image where `onBroken` is `throw`
 *
 * @example
 * const stream = createPatchStream(source, { scale: 2, patchSize: 24, batchSize: 16, seed: 1 });
 * const { lr, hr } = await stream.batch(0); // 16 * 24 * 24 * 3 and 16 * 48 * 48 * 3 samples
 */
export function createPatchStream(original: Source, options: PatchStreamOptions): PatchStream {
  const {
    scale,
    patchSize,
    batchSize,
    seed,
    patchesPerImage = 1,
    cacheBytes = CACHE_BYTES,
    onBroken = 'skip',
    degradation: recipe,
  } = options;
  checkScale('createPatchStream', scale);
  checkCounts({ patchSize, batchSize, patchesPerImage });
  if (!Number.isSafeInteger(seed)) {
    throw new DatasetError('createPatchStream', `seed must be an integer, got ${seed}`, 'for example 1');
  }
  const whole = recipe ? degradeSource(original, { recipe, seed }) : original;
  const source = options.shard ? shardOf(whole, options.shard) : whole;
  const itemsPerEpoch = source.count * patchesPerImage;
  const skipped = new Map<string, string>();
  const broken = new Set<number>();
  const pairs = createCache(cacheBytes, bytesOf, (i) => source.pair(i, scale));
  const orders = new Map<number, Uint32Array>();

  const orderOf = (epoch: number) => {
    const known = orders.get(epoch);
    if (known) return known;
    const order = shuffled(source.count, seed, 1, epoch);
    if (orders.size > 1) orders.clear();
    orders.set(epoch, order);
    return order;
  };
  const isUsable = (pair: ImagePair) => {
    if (Math.min(pair.lr.width, pair.lr.height) >= patchSize) return true;
    skipped.set(pair.name, 'smaller than a patch');
    return false;
  };
  /** The pair, or `null` when it is broken and may be passed over. */
  const load = async (index: number): Promise<ImagePair | null> => {
    if (broken.has(index)) return null;
    try {
      return await pairs.get(index);
    } catch (error) {
      if (onBroken === 'throw' || !(error instanceof BrokenImageError)) throw error;
      broken.add(index);
      skipped.set(source.nameOf(index), error.message);
      return null;
    }
  };
  const pairFor = async (item: number): Promise<ImagePair> => {
    const order = orderOf(Math.floor(item / itemsPerEpoch));
    const place = Math.floor((item % itemsPerEpoch) / patchesPerImage);
    for (let next = 0; next < source.count; next++) {
      const index = order[(place + next) % source.count]!;
      const pair = pairs.peek(index) ?? (await load(index));
      if (pair && isUsable(pair)) return pair;
    }
    const side = patchSize * scale;
    throw new DatasetError(
      'batch',
      `${source.name} must have an image of at least ${side}x${side} pixels that is not broken, got none among ${source.count}`,
      'make patchSize smaller',
    );
  };
  const batch = async (cursor: number): Promise<Batch> => {
    if (!Number.isSafeInteger(cursor) || cursor < 0) {
      throw new DatasetError('batch', `cursor must be an integer of at least 0, got ${cursor}`, 'start from 0');
    }
    const first = cursor * batchSize;
    const chosen = await Promise.all(Array.from({ length: batchSize }, (_, b) => pairFor(first + b)));
    const out = allocate(batchSize, patchSize, scale);
    for (const [b, pair] of chosen.entries()) copyPatch(pair, hash32(seed, 2, first + b), b, out);
    return out;
  };
  return {
    batchesPerEpoch: Math.ceil(itemsPerEpoch / batchSize),
    batch,
    skipped: () => [...skipped].map(([name, reason]) => ({ name, reason })),
    dispose: () => {},
    [Symbol.dispose]: () => {},
  };
}

function allocate(batchSize: number, patchSize: number, scale: number): Batch {
  const samples = batchSize * patchSize ** 2 * 3;
  return { lr: new Float32Array(samples), hr: new Float32Array(samples * scale ** 2), batchSize, patchSize, scale };
}

/** Copies one random patch of a pair to place `b` of a batch. */
function copyPatch({ lr, hr }: ImagePair, seed: number, b: number, out: Batch): void {
  const { patchSize: size, scale } = out;
  const x = hash32(seed, 1) % (lr.width - size + 1);
  const y = hash32(seed, 2) % (lr.height - size + 1);
  const symmetry = hash32(seed, 3) % SYMMETRIES;
  const large = size * scale;
  copyTransformed(lr, { x, y, width: size, height: size }, symmetry, out.lr, b * size ** 2 * 3);
  const region = { x: x * scale, y: y * scale, width: large, height: large };
  copyTransformed(hr, region, symmetry, out.hr, b * large ** 2 * 3);
}

function bytesOf({ lr, hr }: ImagePair): number {
  return lr.data.length + hr.data.length;
}

function checkCounts(counts: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(counts)) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new DatasetError('createPatchStream', `${name} must be a positive integer, got ${value}`, 'correct it');
  }
}
