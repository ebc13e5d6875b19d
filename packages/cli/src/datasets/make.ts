import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import {
  degradeSource,
  encodePng,
  type Image,
  type ImagePair,
  makePair,
  type OnBroken,
  pairsOf,
  type Skipped,
  type Source,
} from '@fqsr/datasets';
import { openData } from '../data.js';
import { degradationOf } from '../degradation.js';
import { CliError, UsageError } from '../errors.js';
import { assertWritable } from '../files.js';
import type { Action } from './action.js';

/** `fqsr datasets make`: the folder is there whole or not at all. */
export const makeAction = {
  summary: 'write images or pairs of a source as PNG',
  run: async (data = 'dead-leaves', { output, scale, limit, onBroken, degradation, seed }, io) => {
    if (output === undefined) throw new UsageError('--output: must be given (for example -o leaves)');
    const recipe = await degradationOf(degradation);
    if (recipe && scale === undefined) {
      throw new UsageError(
        '--scale: must be given with --degradation, which makes low resolution (for example --scale 4)',
      );
    }
    const folder = resolve(output);
    if (existsSync(folder))
      throw new UsageError(`--output: must be free, got ${output}, which exists (choose another)`);
    await assertWritable(folder);
    const opened = await openData(data, io);
    const source = recipe ? degradeSource(opened, { recipe, seed }) : opened;
    const images = Math.min(limit ?? source.count, source.count);
    const progress = io.progress(`make ${basename(folder)}`, images, 'images');
    const beside = join(dirname(folder), `.${basename(folder)}.${randomBytes(4).toString('hex')}.tmp`);
    const skipped: Skipped[] = [];
    const onSkipped = (each: Skipped) => {
      skipped.push(each);
      io.say(`skipped ${each.name}: ${each.reason}`);
    };
    let written = 0;
    try {
      for await (const files of filesOf(source, { scale, limit: images, onBroken, onSkipped })) {
        io.signal.throwIfAborted();
        for (const [path, image] of Object.entries(files)) {
          await mkdir(dirname(join(beside, path)), { recursive: true });
          await writeFile(join(beside, path), await encodePng(image));
        }
        progress.update(++written);
      }
      if (written === 0) throw new CliError(`${data} must have an image that is not broken, got none (see above)`);
      await rename(beside, folder);
    } finally {
      progress.stop();
      await rm(beside, { recursive: true, force: true });
    }
    const layout = scale === undefined ? 'folder' : 'self-exsr';
    return {
      json: {
        folder,
        source: source.name,
        images: written,
        scale: scale ?? null,
        layout,
        degradation: recipe ? { ...recipe, seed } : null,
        skipped,
      },
      text: `${output}: ${written} ${scale === undefined ? 'images' : `pairs x${scale}`} of ${source.name}`,
    };
  },
} satisfies Action;

interface Which {
  readonly scale: number | undefined;
  readonly limit: number;
  readonly onBroken: OnBroken;
  readonly onSkipped: (skipped: Skipped) => void;
}

/** The files of each image, by path. */
async function* filesOf(
  source: Source,
  { scale, limit, onBroken, onSkipped }: Which,
): AsyncGenerator<Readonly<Record<string, Image>>, void, undefined> {
  if (scale === undefined) {
    const whole = { ...source, pair: (i: number) => same(source.nameOf(i), source.hr(i)) };
    for await (const { name, hr } of pairsOf(whole, 1, { limit, onBroken, onSkipped })) yield { [`${name}.png`]: hr };
    return;
  }
  let number = 0;
  for await (const { hr, lr } of pairsOf(source, scale, { limit, onBroken, onSkipped })) {
    const stem = `img_${String(++number).padStart(3, '0')}_SRF_${scale}`;
    yield { [join(`image_SRF_${scale}`, `${stem}_HR.png`)]: hr, [join(`image_SRF_${scale}`, `${stem}_LR.png`)]: lr };
  }
}

/** A pair at scale 1. */
async function same(name: string, image: Promise<Image>): Promise<ImagePair> {
  const hr = await image;
  return makePair(name, hr, hr, 1);
}
