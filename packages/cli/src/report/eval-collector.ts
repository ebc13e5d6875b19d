/** What a report keeps of the images that are measured: figures of bicubic beside them, the worst parts, and a checksum of all. */
import { createHash } from 'node:crypto';
import { type Image, type ImagePair, makeImage, resizeBicubic } from '@fqsr/datasets';
import { type ConventionName, measure } from '@fqsr/metrics';
import { cut, type Window } from '../demo/crops.js';
import type { EvaluateOptions } from '../evaluate.js';
import { mostDifferent, smallErrorMap } from './differences.js';

/** Side of a crop, in high-resolution pixels. */
const CROP = 96;
/** Side of a map of a whole image. */
const MAP = 192;
/** Images whose worst part is shown. */
const MOST = 6;

/** The worst part of an image. */
export interface WorstPart {
  readonly name: string;
  /** Mean squared difference of luma in it. */
  readonly error: number;
  readonly window: Window;
  readonly original: Image;
  readonly bicubic: Image;
  readonly made: Image;
  /** Of the whole image. */
  readonly map: Image;
}

/** What was kept. */
export interface Collected {
  /** PSNR of bicubic, by image. */
  readonly bicubic: ReadonlyMap<string, number>;
  /** The worst first. */
  readonly worst: readonly WorstPart[];
  /** SHA-256 over name, size and samples of both images of every pair, in their order. */
  readonly checksum: string;
}

/** Collects while an evaluation runs; memory is bounded, whatever the number of images. */
export function openCollector(convention: ConventionName): {
  readonly onMeasured: NonNullable<EvaluateOptions['onMeasured']>;
  readonly collected: () => Collected;
} {
  const hash = createHash('sha256');
  const bicubic = new Map<string, number>();
  const worst: WorstPart[] = [];
  return {
    onMeasured: (pair, { sr }) => {
      const { name, hr, lr, scale } = pair;
      for (const image of [lr, hr]) hash.update(`${name} ${image.width} ${image.height}\n`).update(image.data);
      const cubic = resizeBicubic(lr, { width: hr.width, height: hr.height });
      bicubic.set(name, measure(cubic, hr, { convention, scale }).psnr);
      if (sr.channels !== 3 || sr.width !== hr.width || sr.height !== hr.height) return;
      worst.push(worstPart(pair, makeImage(sr.width, sr.height, Uint8Array.from(sr.data)), cubic));
      worst.sort((a, b) => b.error - a.error);
      worst.length = Math.min(worst.length, MOST);
    },
    collected: () => ({ bicubic, worst, checksum: hash.digest('hex') }),
  };
}

function worstPart({ name, hr }: ImagePair, sr: Image, cubic: Image): WorstPart {
  const { window, error } = mostDifferent(sr, hr, CROP);
  const [original, bicubic, made] = [hr, cubic, sr].map((image) => cut(image, window)) as [Image, Image, Image];
  return { name, error, window, original, bicubic, made, map: smallErrorMap(sr, hr, MAP) };
}
