/**
 * What a source of images is.
 */
import { DatasetError } from './error.js';
import type { Image } from './image.js';
import type { ImagePair } from './pair.js';

/** A finite, ordered collection of images; image `i` is always the same. Nothing is held between calls. */
export interface Source {
  readonly name: string;
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
  readonly open: (spec: string) => Promise<Source>;
}

/** @throws DatasetError when a source has no image `i` */
export function checkIndex(where: string, i: number, count: number): void {
  if (Number.isInteger(i) && i >= 0 && i < count) return;
  throw new DatasetError(where, `index must be an integer from 0 to ${count - 1}, got ${i}`, 'stay below count');
}
