import type { Degradation } from './degradation.js';
import { throughJpeg } from './jpeg-codec.js';

/** Compression. */
export interface JpegOptions {
  /** As libjpeg counts it, 1 to 100. */
  readonly quality: number;
  /** Chroma at half the resolution, `4:2:0`, as cameras have it; or `4:4:4`. */
  readonly chroma?: '4:2:0' | '4:4:4';
}

/** Compresses and decompresses as JPEG. The same everywhere for one version of sharp; only on Node. */
export const jpeg = {
  description: 'JPEG compression',
  fields: { quality: { kind: 'number', low: 1, high: 100 }, chroma: { kind: 'word', words: ['4:2:0', '4:4:4'] } },
  apply: (image, { quality, chroma = '4:2:0' }) => throughJpeg(image, quality, chroma),
} satisfies Degradation<JpegOptions>;
