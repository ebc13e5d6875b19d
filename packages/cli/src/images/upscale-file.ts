/** One image file by a network to the bytes of another. */
import { dirname } from 'node:path';
import { checkEncodable, encodeRows, formatOf, type ImageFile, openImageFile } from '@fqsr/datasets';
import { CliError } from '../errors.js';
import type { Network } from '../networks.js';
import { enlargedRows } from './enlarge.js';
import type { ImageOptions } from './options.js';

/** What is upscaled. */
export interface UpscaleJob {
  /** A path, or the bytes of a file. */
  readonly from: string | Uint8Array;
  /** Its name in messages; by default the path. */
  readonly name?: string;
  /** The file to be: its extension chooses the format, its folder, which must be there, holds what lies on disk meanwhile. */
  readonly to: string;
}

/** An image about to be upscaled. */
export interface Upscaling {
  /** Of the result. */
  readonly width: number;
  readonly height: number;
  /** What the result does not keep: lines for people. */
  readonly notices: readonly string[];
  /** The bytes of the result; once. @param onProgress share of the work done, 0..1 */
  bytes(onProgress: (share: number) => void): AsyncGenerator<Uint8Array, void>;
  /** Removes what lies on disk. */
  dispose(): Promise<void>;
}

/** Opens an image and checks that its result can be written. @throws DatasetError or CliError naming the file */
export async function openUpscaling(network: Network, job: UpscaleJob, options: ImageOptions): Promise<Upscaling> {
  const { to } = job;
  const file = await openFor(job, options);
  try {
    const size = { width: file.width * network.scale, height: file.height * network.scale };
    const { channels, bitDepth } = file;
    const { quality, chroma } = options;
    const metadata = file.metadata(size);
    const target = { ...size, path: to, channels, bitDepth, quality, chroma, metadata };
    checkEncodable(target);
    const losesExif = metadata.exif !== undefined && !formatOf(to).keeps.includes('exif');
    return {
      ...size,
      notices: [...file.notices, ...(losesExif ? [`${file.name}: EXIF is left, ${to} keeps none`] : [])],
      bytes: (onProgress) => encodeRows(enlargedRows(network, file, onProgress), target),
      dispose: file.dispose,
    };
  } catch (error) {
    await file.dispose();
    throw error;
  }
}

/** In the channels and bits that the target can hold. @throws CliError where that is no transparency but the image has some */
async function openFor({ from, name, to }: UpscaleJob, options: ImageOptions): Promise<ImageFile> {
  const { bitDepth, alpha } = formatOf(to);
  const { page, strip, background } = options;
  const how = { ...(name && { name }), bitDepth, page, strip, scratch: dirname(to) };
  const file = await openImageFile(from, { ...how, background });
  if (alpha || !file.alpha) return file;
  const opaque = await isOpaque(file).finally(file.dispose);
  if (opaque) return openImageFile(from, { ...how, background: '#000' });
  throw new CliError(`${file.name}: ${to} cannot hold its transparency (write a .png, or give --background '#ffffff')`);
}

async function isOpaque({ rows, channels, bitDepth }: ImageFile): Promise<boolean> {
  const most = 2 ** bitDepth - 1;
  for await (const chunk of rows()) {
    for (let i = channels - 1; i < chunk.length; i += channels) if (chunk[i] !== most) return false;
  }
  return true;
}
