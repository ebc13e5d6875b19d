/**
 * Degradations beyond bicubic: a pipeline of small steps, as data, that makes a low-resolution image.
 */
import { createRandom } from './dead-leaves/random.js';
import { checkFields, checkRange } from './degradations/check.js';
import type { Context } from './degradations/degradation.js';
import {
  type DegradationName,
  type DegradationOptions,
  type DegradationStep,
  degradationTable,
  fieldsOf,
} from './degradations/registry.js';
import { DatasetError } from './error.js';
import { hash32, shuffled } from './hash.js';
import { checkScale, type Image, modcrop } from './image.js';
import { resizeBicubic } from './resize.js';

/** How an image is degraded. Plain data: it survives JSON. */
export interface DegradeOptions {
  /** Downscaling factor, an integer from 1 to 16. */
  readonly scale: number;
  /** The steps, first to last. */
  readonly steps: readonly DegradationStep[];
  /** Decides everything that is random. */
  readonly seed: number;
  /** `random` shuffles the steps by the seed; `given` (default) does not. */
  readonly order?: 'given' | 'random';
}

/**
 * Makes a low-resolution image in the manner of BSRGAN (Zhang et al., "Designing a Practical Degradation Model for Deep Blind Image Super-Resolution", ICCV 2021): blurs,
 * resizes, noises and compressions one after the other, optionally in random order. Each step takes and gives 8-bit RGB. A result that does not have its size yet is resized by
 * {@link resizeBicubic} at the end, so no steps at all are bicubic downsampling.
 *
 * A pure function of image and options; step `i` of `steps` draws from its own sequence, seeded by `seed` and `i`.
 *
 * @param hr 8-bit RGB; cropped at the right and bottom to a multiple of the scale
 * @returns 8-bit RGB of `1 / scale` of the cropped sides
 * @throws DatasetError when an option is out of range
 *
 * @example
 * const steps = [{ kind: 'gaussian-blur', sigma: 1.2 }, { kind: 'bicubic' }, { kind: 'jpeg', quality: 60 }] as const;
 * const lr = await degrade(hr, { scale: 4, steps, seed: 1 }); // 480x320 becomes 120x80
 */
export async function degrade(hr: Image, { scale, steps, seed, order = 'given' }: DegradeOptions): Promise<Image> {
  checkScale('degrade', scale);
  if (!Number.isSafeInteger(seed)) {
    throw new DatasetError('degrade', `seed must be an integer, got ${seed}`, 'for example 1');
  }
  for (const step of steps) checkStep(step);
  const cropped = modcrop(hr, scale);
  const size = { width: cropped.width / scale, height: cropped.height / scale };
  const indices = order === 'random' ? [...shuffled(steps.length, seed)] : steps.map((_, i) => i);
  let image = cropped;
  for (const i of indices) {
    image = await applyStep(steps[i]!, image, { scale, size, random: createRandom(hash32(seed, i)) });
  }
  return image.width === size.width && image.height === size.height ? image : resizeBicubic(image, size);
}

function checkStep({ kind, ...options }: DegradationStep): void {
  checkFields(kind, fieldsOf(kind), options, checkRange);
}

async function applyStep<Name extends DegradationName>(
  step: { readonly kind: Name } & DegradationOptions[Name],
  image: Image,
  context: Context,
): Promise<Image> {
  return degradationTable[step.kind].apply(image, step, context);
}
