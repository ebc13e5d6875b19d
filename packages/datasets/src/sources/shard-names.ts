/**
 * The files that a pattern of shards stands for.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatasetError } from '../error.js';
import { isFolder, namesIn } from './files.js';

/** Endings of the files that count as images. */
export const imageExtensions = ['.png', '.jpg', '.jpeg', '.webp', '.tif', '.tiff', '.gif', '.avif'];

const MOST = 100_000;

/**
 * The shards of a pattern: `{000..009}` counts, with the zeros of its first number; `*` in the file name matches what is there, in natural order.
 *
 * @throws DatasetError naming the first shard that is missing
 *
 * @example
 * expandShards('shards/train-{00..02}.tar'); // train-00.tar, train-01.tar, train-02.tar
 */
export function expandShards(pattern: string): readonly string[] {
  const files = expandBraces(pattern).flatMap((each) => (basename(each).includes('*') ? matching(each) : [each]));
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined) throw new DatasetError('openSource', `${missing} must exist`, 'check the pattern');
  if (files.length > 0) return files;
  throw new DatasetError('openSource', `${pattern} must match shards, got none`, 'check the pattern');
}

/** The names of a pattern with `{000..009}`. @throws DatasetError when it counts down, or too far */
export function expandBraces(pattern: string): readonly string[] {
  const [whole, first, last] = /\{(\d+)\.\.(\d+)\}/.exec(pattern) ?? [];
  if (whole === undefined || first === undefined) return [pattern];
  const count = Number(last) - Number(first) + 1;
  if (!(count >= 1 && count <= MOST)) {
    throw new DatasetError('openSource', `${whole} must count up by at most ${MOST}, got ${pattern}`, 'correct it');
  }
  return Array.from({ length: count }, (_, i) =>
    pattern.replace(whole, String(Number(first) + i).padStart(first.length, '0')),
  ).flatMap(expandBraces);
}

function matching(pattern: string): readonly string[] {
  const folder = dirname(pattern);
  const parts = basename(pattern).split('*');
  const fits = new RegExp(`^${parts.map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('.*')}$`);
  return isFolder(folder) ? namesIn(folder).flatMap((name) => (fits.test(name) ? [join(folder, name)] : [])) : [];
}
