/**
 * Where the images of a shard lie.
 */
import { extname } from 'node:path';
import type { ByteReader } from '../archives/bytes.js';
import { tarEntries } from '../archives/tar-entries.js';
import { imageExtensions } from './shard-names.js';

/** An image in a shard. */
export interface Member {
  readonly name: string;
  /** First byte of the image in the shard. */
  readonly offset: number;
  readonly size: number;
}

/** The images of a shard, in its order. Only headers are read. @throws DatasetError when the shard is damaged or cut */
export async function indexShard(reader: ByteReader, shard: string): Promise<readonly Member[]> {
  const members: Member[] = [];
  for await (const { name, kind, offset, size } of tarEntries(reader, shard)) {
    const isImage = kind === 'file' && imageExtensions.includes(extname(name).toLowerCase());
    if (isImage) members.push({ name, offset, size });
  }
  return members;
}
