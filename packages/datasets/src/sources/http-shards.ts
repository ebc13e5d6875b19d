import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { type HttpOptions, openRemoteFile, type RemoteFile } from '../archives/http.js';
import { collect, createForwardReader, readRemote } from '../archives/remote-reader.js';
import { decodeImage } from '../decode.js';
import { BrokenImageError, DatasetError } from '../error.js';
import { pairFromHr } from '../pair.js';
import { cacheFolder } from '../remote/store.js';
import { checkIndex, type Source, type SourceKind } from '../source.js';
import { indexShard, type Member } from './shard-index.js';
import { expandBraces, imageExtensions } from './shard-names.js';

/** Shards that are asked for at the same time when a source is opened. */
const AT_ONCE = 8;

/**
 * WebDataset shards behind http(s) addresses, never copied to disk. Opening reads the headers of each shard; an image is read when it is asked for, so that any order, shard and
 * cursor of a stream is exact and memory holds the images in use and about 150 bytes for each image there is. The places of the images are kept in the cache for servers that
 * give an ETag or a date: opening the same shards again takes one request a shard.
 *
 * Where the server gives parts (`Range`), a part is all that is transferred. Where it does not, a shard is read from its start on: `notice` says so.
 */
export const httpShards = {
  name: 'http-shards',
  description: 'https://HOST/train-{000..009}.tar: WebDataset shards, streamed from a server, nothing kept on disk',
  matches: (spec) => /^https?:\/\//.test(spec),
  open: async (spec) => openHttpShards(spec),
} satisfies SourceKind;

/** How shards are read, and where their indexes are kept. */
export interface HttpShardsOptions extends HttpOptions {
  /** Folder of the cache; `cacheFolder()` by default. */
  readonly cache?: string;
}

/** A shard that was opened. */
interface Shard {
  readonly url: string;
  readonly ranges: boolean;
  readonly members: readonly Member[];
  readonly read: (from: number, to: number) => Promise<Buffer>;
}

/** {@link httpShards}, with options. @throws DatasetError when a shard is missing, damaged or holds no image, or the server cannot be reached */
export async function openHttpShards(
  spec: string,
  { cache = cacheFolder(), ...options }: HttpShardsOptions = {},
): Promise<Source> {
  const urls = expandBraces(spec).map(checkUrl);
  const shards: Shard[] = [];
  for (let i = 0; i < urls.length; i += AT_ONCE) {
    shards.push(...(await Promise.all(urls.slice(i, i + AT_ONCE).map((url) => openShard(url, cache, options)))));
  }
  const images = shards.flatMap((shard) => shard.members.map((member) => ({ shard, member })));
  if (images.length === 0) {
    throw new DatasetError(
      'openSource',
      `${spec} must hold images (${imageExtensions.join(' ')}), got none`,
      'check the shards',
    );
  }
  const imageOf = (i: number) => {
    checkIndex('http-shards', i, images.length);
    return images[i]!;
  };
  const nameOf = (i: number) => {
    const { name } = imageOf(i).member;
    return name.slice(0, -extname(name).length);
  };
  const hr = async (i: number) => {
    const { shard, member } = imageOf(i);
    const { name, offset, size } = member;
    const bytes = await shard.read(offset, offset + size);
    if (bytes.length === size) return decodeImage(bytes, `${shard.url}: ${name}`);
    throw new BrokenImageError('readImage', `${shard.url}: ${name} is truncated`, 'make the shard again');
  };
  const whole = shards.find(({ ranges }) => !ranges);
  const notice = (url: string) =>
    `${url}: the server gives no parts of files, so shards are read from their start: slow in any order but theirs`;
  const { pathname, hostname } = new URL(urls[0]!);
  return Object.freeze({
    name: basename(dirname(pathname)) || hostname,
    ...(whole && { notice: notice(whole.url) }),
    count: images.length,
    nameOf,
    hr,
    pair: async (i: number, scale: number) => pairFromHr(nameOf(i), await hr(i), scale),
  });
}

function checkUrl(url: string): string {
  if (URL.canParse(url) && new URL(url).pathname.endsWith('.tar')) return url;
  throw new DatasetError(
    'openSource',
    `an address must be that of a WebDataset shard, *.tar, got ${url}`,
    'fetch other archives first: fqsr datasets fetch',
  );
}

async function openShard(url: string, cache: string, options: HttpOptions): Promise<Shard> {
  const file = await openRemoteFile(url, options);
  const members = await indexOf(file, cache);
  const last = members.reduce((most, { offset, size }) => Math.max(most, offset + size), 0);
  const read = file.ranges ? (from: number, to: number) => collect(file, from, to) : createForwardReader(file, last);
  return { url, ranges: file.ranges, members, read };
}

/** A shard's index as it is kept. */
interface IndexRecord extends Pick<RemoteFile, 'url' | 'size' | 'validator'> {
  readonly version: 1;
  readonly members: readonly (readonly [name: string, offset: number, size: number])[];
}

async function indexOf(file: RemoteFile, cache: string): Promise<readonly Member[]> {
  const { url, size, validator } = file;
  const hash = createHash('sha256').update(url).digest('hex').slice(0, 16);
  const path = join(cache, 'shard-indexes', `${hash}.json`);
  const known = await readRecord(path);
  const same = known?.url === url && known.size === size && known.validator === validator;
  if (known && same && validator !== null)
    return known.members.map(([name, offset, length]) => ({ name, offset, size: length }));
  const members = await indexShard(readRemote(file), url);
  const record: IndexRecord = {
    version: 1,
    url,
    size,
    validator,
    members: members.map((each) => [each.name, each.offset, each.size]),
  };
  if (validator !== null) await keepRecord(path, record);
  return members;
}

async function readRecord(path: string): Promise<IndexRecord | null> {
  try {
    const record = JSON.parse(await readFile(path, 'utf8')) as IndexRecord;
    return record.version === 1 ? record : null;
  } catch {
    return null;
  }
}

/** Keeping an index saves time and nothing else: where the cache cannot be written, the next opening reads the headers again. */
async function keepRecord(path: string, record: IndexRecord): Promise<void> {
  const beside = `${path}.${process.pid}.${Math.trunc(performance.now() * 1000)}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(beside, JSON.stringify(record));
    await rename(beside, path);
  } catch {
    return;
  }
}
