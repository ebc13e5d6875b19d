import { basename, dirname, join, resolve } from 'node:path';
import { readImage } from '../decode.js';
import { DatasetError } from '../error.js';
import { makePair } from '../pair.js';
import { checkIndex, type Source, type SourceKind } from '../source.js';
import { isFolder, namesIn } from './files.js';

const scaleFolder = /^image_SRF_(\d+)$/;

/**
 * The layout of SelfExSR: `<Set>/image_SRF_<scale>/img_001_SRF_<scale>_{HR,LR}.png`. A single `image_SRF_<scale>` opens too. High resolution without a scale comes
 * from the smallest scale there is, whose files were cropped least.
 */
export const selfExsr = {
  name: 'self-exsr',
  description: 'DIR: a benchmark set with its own pairs, <Set>/image_SRF_<scale>/*_{HR,LR}.png',
  matches: (spec) => isFolder(spec) && scalesOf(spec).size > 0,
  open: async (spec) => openSelfExsr(spec),
} satisfies SourceKind;

/** The folder of each scale, the smallest scale first. */
function scalesOf(path: string): ReadonlyMap<number, string> {
  const own = scaleFolder.exec(basename(resolve(path)));
  if (own) return new Map([[Number(own[1]), path]]);
  const found = namesIn(path).flatMap((name): [number, string][] => {
    const match = scaleFolder.exec(name);
    return match && isFolder(join(path, name)) ? [[Number(match[1]), join(path, name)]] : [];
  });
  return new Map(found.sort(([a], [b]) => a - b));
}

function openSelfExsr(path: string): Source {
  const scales = scalesOf(path);
  const [first, firstFolder] = [...scales][0]!;
  const suffix = `_SRF_${first}_HR.png`;
  const names = namesIn(firstFolder).flatMap((file) => (file.endsWith(suffix) ? [file.slice(0, -suffix.length)] : []));
  if (names.length === 0) {
    throw new DatasetError('openSource', `${firstFolder} must hold files *${suffix}, got none`, 'check the layout');
  }
  const set = scaleFolder.test(basename(resolve(path))) ? dirname(resolve(path)) : resolve(path);
  const nameOf = (i: number) => {
    checkIndex('self-exsr', i, names.length);
    return names[i]!;
  };
  const read = (i: number, scale: number, kind: 'HR' | 'LR') => {
    const inside = scales.get(scale);
    if (inside === undefined) {
      const known = [...scales.keys()].join(', ');
      throw new DatasetError('pair', `scale must be one of ${known} for ${path}, got ${scale}`, `use scale ${first}`);
    }
    return readImage(join(inside, `${nameOf(i)}_SRF_${scale}_${kind}.png`));
  };
  return Object.freeze({
    name: basename(set),
    ownLr: true as const,
    count: names.length,
    nameOf,
    hr: async (i: number) => read(i, first, 'HR'),
    pair: async (i: number, scale: number) =>
      makePair(nameOf(i), await read(i, scale, 'HR'), await read(i, scale, 'LR'), scale),
  });
}
