/**
 * What a source of images is.
 */
import { DatasetError } from './error.js';
import type { Image } from './image.js';
import type { ImagePair } from './pair.js';

/** A finite, ordered collection of images; image `i` is always the same. Nothing is held between calls. */
export interface Source {
  readonly name: string;
  /** Set when the low resolution comes from files: it is what it is, and cannot be degraded otherwise. */
  readonly ownLr?: true;
  /** One line that whoever uses the source should hear, where there is one. */
  readonly notice?: string;
  /** Number of images, at least 1. */
  readonly count: number;
  /** Name of image `i`: of its file, without the extension. */
  nameOf(i: number): string;
  /** Image `i` in high resolution. */
  hr(i: number): Promise<Image>;
  /** Image `i` at a scale: its low-resolution file where there is one, or made by `resizeBicubic`. */
  pair(i: number, scale: number): Promise<ImagePair>;
}

/** A kind of source. */
export interface SourceKind {
  readonly name: string;
  /** One line, for help texts. */
  readonly description: string;
  /** Whether `spec` means this kind. The first kind that says so opens it. */
  readonly matches: (spec: string) => boolean;
  /** @param openSource opens any other spec, for kinds that stand on another source */
  readonly open: (spec: string, openSource: (spec: string) => Promise<Source>) => Promise<Source>;
}

/** @throws DatasetError when a source has no image `i` */
export function checkIndex(where: string, i: number, count: number): void {
  if (Number.isInteger(i) && i >= 0 && i < count) return;
  throw new DatasetError(where, `index must be an integer from 0 to ${count - 1}, got ${i}`, 'stay below count');
}

/** One of several equal parts of a source, e.g. for one of several machines. */
export interface Shard {
  /** From 0 to `count - 1`. */
  readonly index: number;
  readonly count: number;
}

/**
 * Every `count`-th image of a source from image `index` on: the shards of all indices are disjoint and hold every image once.
 *
 * @throws DatasetError when the index is not below the count, or the source has no image for it
 *
 * @example
 * shardOf(source, { index: 1, count: 4 }); // images 1, 5, 9, ...
 */
export function shardOf(source: Source, { index, count }: Shard): Source {
  const fits = Number.isInteger(count) && Number.isInteger(index) && index >= 0 && index < count;
  if (!fits || index >= source.count) {
    throw new DatasetError(
      'shardOf',
      `index must be an integer from 0 to ${Math.min(count, source.count) - 1}, got ${index} of ${count} for ${source.count} images`,
      'use fewer shards, or count them from 0',
    );
  }
  const images = Math.ceil((source.count - index) / count);
  const original = (i: number) => {
    checkIndex('shardOf', i, images);
    return index + i * count;
  };
  return Object.freeze({
    ...source,
    count: images,
    nameOf: (i: number) => source.nameOf(original(i)),
    hr: async (i: number) => source.hr(original(i)),
    pair: async (i: number, scale: number) => source.pair(original(i), scale),
  });
}
