import sharp from 'sharp';
import { decodeImage } from '../decode.js';
import { makeImage } from '../image.js';
import type { Degradation } from './degradation.js';

/** Compression. */
export interface JpegOptions {
  /** As libjpeg counts it, 1 to 100. */
  readonly quality: number;
  /** Chroma at half the resolution, `4:2:0`, as cameras have it; or `4:4:4`. */
  readonly chroma?: '4:2:0' | '4:4:4';
}

/** Compresses and decompresses as JPEG. The same everywhere for one version of sharp. */
export const jpeg = {
  description: 'JPEG compression',
  fields: { quality: { kind: 'number', low: 1, high: 100 }, chroma: { kind: 'word', words: ['4:2:0', '4:4:4'] } },
  apply: async ({ width, height, channels, data }, { quality, chroma = '4:2:0' }) => {
    const raw = { width, height, channels };
    const bytes = await sharp(data, { raw })
      .jpeg({ quality: Math.round(quality), chromaSubsampling: chroma })
      .toBuffer();
    return makeImage(width, height, (await decodeImage(bytes, 'JPEG data')).data);
  },
} satisfies Degradation<JpegOptions>;
