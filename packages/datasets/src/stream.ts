/**
 * Seeded patches for training. Batch `n` is a pure function of source, options and `n`, so that a run resumes exactly from its cursor.
 */
import { copyTransformed, SYMMETRIES } from './augment.js';
import { createCache } from './cache.js';
import { DatasetError } from './error.js';
import { hash32, shuffled } from './hash.js';
import { checkScale } from './image.js';
import type { ImagePair } from './pair.js';
import type { Source } from './source.js';

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
  /** Names of the images seen so far that are smaller than a patch; another image takes their place. */
  skipped(): readonly string[];
}

/**
 * A stream of patches. In each epoch every image gives `patchesPerImage` patches, in a seeded order of the images, each at a seeded place and under one of the eight
 * symmetries of the square.
 *
 * @throws DatasetError when an option is out of range; `batch` also when no image is as large as a patch
 *
 * @example
 * const stream = createPatchStream(source, { scale: 2, patchSize: 24, batchSize: 16, seed: 1 });
 * const { lr, hr } = await stream.batch(0); // 16 * 24 * 24 * 3 and 16 * 48 * 48 * 3 samples
 */
export function createPatchStream(source: Source, options: PatchStreamOptions): PatchStream {
  const { scale, patchSize, batchSize, seed, patchesPerImage = 1, cacheBytes = 512 * 2 ** 20 } = options;
  checkScale('createPatchStream', scale);
  checkCounts({ patchSize, batchSize, patchesPerImage });
  if (!Number.isSafeInteger(seed)) {
    throw new DatasetError('createPatchStream', `seed must be an integer, got ${seed}`, 'for example 1');
  }
  const itemsPerEpoch = source.count * patchesPerImage;
  const pairs = createCache(cacheBytes, bytesOf, (i) => source.pair(i, scale));
  const skipped = new Set<string>();
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
    skipped.add(pair.name);
    return false;
  };
  const pairFor = async (item: number): Promise<ImagePair> => {
    const order = orderOf(Math.floor(item / itemsPerEpoch));
    const place = Math.floor((item % itemsPerEpoch) / patchesPerImage);
    for (let next = 0; next < source.count; next++) {
      const index = order[(place + next) % source.count]!;
      const pair = pairs.peek(index) ?? (await pairs.get(index));
      if (isUsable(pair)) return pair;
    }
    const side = patchSize * scale;
    throw new DatasetError(
      'batch',
      `${source.name} must have an image of at least ${side}x${side} pixels, got none among ${source.count}`,
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
  return { batchesPerEpoch: Math.ceil(itemsPerEpoch / batchSize), batch, skipped: () => [...skipped] };
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
