import { open } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import { readHandle } from '../archives/bytes.js';
import { decodeImage } from '../decode.js';
import { BrokenImageError, DatasetError } from '../error.js';
import { pairFromHr } from '../pair.js';
import { checkIndex, type Source, type SourceKind } from '../source.js';
import { indexShard, type Member } from './shard-index.js';
import { expandShards, imageExtensions } from './shard-names.js';

/** An image, and the shard that it lies in. */
interface Placed extends Member {
  readonly shard: string;
}

/**
 * WebDataset shards on disk: tar files in order, whose image members are the images. A first pass reads the headers alone; an image is read when it is asked for.
 */
export const shards = {
  name: 'shards',
  description: 'train-{000..009}.tar: WebDataset shards, read without unpacking; * and {a..b} stand in file names',
  matches: (spec) => spec.endsWith('.tar') && !spec.includes('://') && !spec.startsWith('remote/'),
  open: async (spec) => openShards(spec),
} satisfies SourceKind;

async function openShards(spec: string): Promise<Source> {
  const members: Placed[] = [];
  for (const shard of expandShards(spec)) members.push(...(await indexFile(shard)));
  if (members.length === 0) {
    const known = imageExtensions.join(' ');
    throw new DatasetError('openSource', `${spec} must hold images (${known}), got none`, 'check the shards');
  }
  const memberOf = (i: number) => {
    checkIndex('shards', i, members.length);
    return members[i]!;
  };
  const nameOf = (i: number) => {
    const { name } = memberOf(i);
    return name.slice(0, -extname(name).length);
  };
  const hr = async (i: number) => {
    const member = memberOf(i);
    return decodeImage(await readMember(member), `${member.shard}: ${member.name}`);
  };
  return Object.freeze({
    name: basename(dirname(resolve(spec))),
    count: members.length,
    nameOf,
    hr,
    pair: async (i: number, scale: number) => pairFromHr(nameOf(i), await hr(i), scale),
  });
}

/** The images of a shard: two reads of 512 bytes an image, whatever its size. */
async function indexFile(shard: string): Promise<readonly Placed[]> {
  const file = await open(shard);
  try {
    const members = await indexShard(readHandle(file, (await file.stat()).size), shard);
    return members.map((member) => ({ ...member, shard }));
  } finally {
    await file.close();
  }
}

async function readMember({ shard, name, offset, size }: Placed): Promise<Uint8Array> {
  const file = await open(shard);
  try {
    const bytes = new Uint8Array(size);
    const { bytesRead } = await file.read(bytes, 0, size, offset);
    if (bytesRead === size) return bytes;
    throw new BrokenImageError('readImage', `${shard}: ${name} is damaged or truncated`, 'fetch the shard again');
  } finally {
    await file.close();
  }
}
