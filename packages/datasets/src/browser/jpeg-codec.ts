import { DatasetError } from '../error.js';
import type { Image } from '../image.js';

/** Browsers do not say what a JPEG quality means to them: there is no compression that would give the same bits as on Node. */
export async function throughJpeg(_image: Image, _quality: number, _chroma: '4:2:0' | '4:4:4'): Promise<Image> {
  throw new DatasetError(
    'jpeg',
    'the degradation jpeg must run on Node, got a browser',
    'leave the step out, or degrade on Node',
  );
}
