import { basename, dirname, extname, join, resolve } from 'node:path';
import { readImage } from '../decode.js';
import { DatasetError } from '../error.js';
import { crop } from '../image.js';
import { makePair } from '../pair.js';
import { checkIndex, type Source, type SourceKind } from '../source.js';
import { isFolder, namesIn } from './files.js';

/** Where a set keeps its images. */
interface Layout {
  readonly name: string;
  readonly high: string;
  /** Holds a folder `X<scale>` for each scale. */
  readonly low: string;
}

/**
 * The layouts of EDSR's benchmark archive, `<Set>/HR/baby.png` with `<Set>/LR_bicubic/X2/babyx2.png`, and of DIV2K, `DIV2K_train_HR/0001.png` beside
 * `DIV2K_train_LR_bicubic/X2/0001x2.png`, which opens by its `_HR` folder. High resolution is cropped to what the low resolution covers.
 */
export const edsr = {
  name: 'edsr',
  description:
    'DIR: a set with its own pairs as in EDSR (<Set>/HR, <Set>/LR_bicubic/X2) or DIV2K (*_HR beside *_LR_bicubic)',
  matches: (spec) => layoutOf(spec) !== undefined,
  open: async (spec) => openEdsr(spec),
} satisfies SourceKind;

function layoutOf(path: string): Layout | undefined {
  const full = resolve(path);
  const candidates = [
    { name: basename(full), high: join(full, 'HR'), low: join(full, 'LR_bicubic') },
    { name: basename(full).replace(/_HR$/, ''), high: full, low: full.replace(/_HR$/, '_LR_bicubic') },
  ];
  return candidates.find(({ high, low }) => high !== low && isFolder(high) && isFolder(low));
}

function openEdsr(path: string): Source {
  const { name, high, low } = layoutOf(path)!;
  const files = namesIn(high).filter((file) => extname(file) === '.png');
  if (files.length === 0)
    throw new DatasetError('openSource', `${high} must hold PNG files, got none`, 'check the layout');
  const nameOf = (i: number) => {
    checkIndex('edsr', i, files.length);
    return basename(files[i]!, '.png');
  };
  const hr = async (i: number) => readImage(join(high, `${nameOf(i)}.png`));
  const folderOf = (scale: number) => {
    const known = namesIn(low).flatMap((each) => /^X(\d+)$/.exec(each)?.[1] ?? []);
    if (known.includes(String(scale))) return join(low, `X${scale}`);
    throw new DatasetError(
      'pair',
      `scale must be one of ${known.join(', ')} for ${dirname(high)}, got ${scale}`,
      'use one of them',
    );
  };
  const pair = async (i: number, scale: number) => {
    const lr = await readImage(join(folderOf(scale), `${nameOf(i)}x${scale}.png`));
    return makePair(nameOf(i), crop(await hr(i), 0, 0, lr.width * scale, lr.height * scale), lr, scale);
  };
  return Object.freeze({ name, ownLr: true as const, count: files.length, nameOf, hr, pair });
}
