import { basename, extname, join, resolve } from 'node:path';
import { readImage } from '../decode.js';
import { DatasetError } from '../error.js';
import { pairFromHr } from '../pair.js';
import { checkIndex, type Source, type SourceKind } from '../source.js';
import { isFolder, namesIn } from './files.js';
import { imageExtensions as extensions } from './shard-names.js';

/** Any folder of images, in natural order of their names; folders in it are not entered. */
export const folder = {
  name: 'folder',
  description: 'DIR: a folder of images; the low resolution is made by bicubic',
  matches: isFolder,
  open: async (spec) => openFolder(spec),
} satisfies SourceKind;

function openFolder(path: string): Source {
  const files = namesIn(path).filter((name) => extensions.includes(extname(name).toLowerCase()));
  if (files.length === 0) {
    const folders = namesIn(path).filter((name) => isFolder(join(path, name)));
    const remedy =
      folders.length > 0 ? `open one of its folders: ${folders.slice(0, 8).join(', ')}` : 'put images there';
    throw new DatasetError('openSource', `${path} must hold images (${extensions.join(' ')}), got none`, remedy);
  }
  const fileOf = (i: number) => {
    checkIndex('folder', i, files.length);
    return files[i]!;
  };
  const nameOf = (i: number) => basename(fileOf(i), extname(fileOf(i)));
  const hr = async (i: number) => readImage(join(path, fileOf(i)));
  return Object.freeze({
    name: basename(resolve(path)),
    count: files.length,
    nameOf,
    hr,
    pair: async (i: number, scale: number) => pairFromHr(nameOf(i), await hr(i), scale),
  });
}
