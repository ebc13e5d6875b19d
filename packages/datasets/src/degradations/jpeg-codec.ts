import sharp from 'sharp';
import { decodeImage } from '../decode.js';
import { type Image, makeImage } from '../image.js';

/** An image after compression and decompression as JPEG. */
export async function throughJpeg(image: Image, quality: number, chroma: '4:2:0' | '4:4:4'): Promise<Image> {
  const { width, height, channels, data } = image;
  const bytes = await sharp(data, { raw: { width, height, channels } })
    .jpeg({ quality: Math.round(quality), chromaSubsampling: chroma })
    .toBuffer();
  return makeImage(width, height, (await decodeImage(bytes, 'JPEG data')).data);
}
