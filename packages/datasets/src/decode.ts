/**
 * Image files to RGB, by sharp.
 */
import sharp from 'sharp';
import { guard, readBytes, readHeader } from './files/header.js';
import { type Image, makeImage } from './image.js';

/**
 * Decodes an image file (PNG, JPEG, WebP, TIFF, GIF, AVIF) to 8-bit RGB.
 *
 * Grey becomes three equal channels, and the image says `grey`; of 16 bits the upper 8 stay. An alpha channel is dropped and the colours under it stay as stored. The orientation of EXIF is applied.
 * A colour profile is applied unless it is an sRGB profile, so that sRGB and untagged samples stay as stored. {@link openImageFile} gives what a file holds instead, in its own channels and bits.
 *
 * @throws DatasetError naming the file when it is missing; BrokenImageError when it is no image, damaged or truncated, animated, larger than 2^28 pixels or than 1 GiB
 *
 * @example
 * const { width, height, data } = await readImage('photo.jpg');
 */
export async function readImage(path: string): Promise<Image> {
  return decodeImage(await readBytes(path), path);
}

/**
 * Decodes the bytes of an image file; see {@link readImage}.
 *
 * @param name what the bytes are, for messages
 */
export async function decodeImage(bytes: Uint8Array, name = 'image'): Promise<Image> {
  const { stored, how } = await readHeader(bytes, name);
  const pipeline = sharp(bytes, { ...how, autoOrient: true, ignoreIcc: stored.profile === 'sRGB' });
  const { data, info } = await guard(name, () =>
    pipeline.removeAlpha().toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true }),
  );
  const samples = new Uint8Array(data.buffer, data.byteOffset, data.length);
  const image = makeImage(info.width, info.height, info.channels === 1 ? threefold(samples) : samples);
  return { ...image, stored, ...(stored.colour === 'grey' && { grey: true }) };
}

function threefold(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (let i = 0; i < grey.length; i++) rgb.fill(grey[i]!, i * 3, i * 3 + 3);
  return rgb;
}
