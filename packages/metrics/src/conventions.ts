/**
 * Conventions: what a published PSNR or SSIM is taken on. A convention is one entry of the table below.
 */
import { MetricError } from './error.js';
import { checkSameShape, type Image, type Plane } from './image.js';
import { channelPlane, lumaPlane } from './luma.js';

/** What is compared, and over which range. */
export interface Convention {
  readonly description: string;
  /** `y`: the unrounded BT.601 luma; `rgb`: the three channels, squared errors pooled and SSIM averaged. */
  readonly colour: 'y' | 'rgb';
  /** Pixels left out on each side at an upscaling factor. */
  readonly crop: (scale: number) => number;
  /** The peak value: `L` of SSIM, and the numerator of PSNR. */
  readonly range: number;
}

/** All conventions by name. */
export const conventions = {
  'edsr-benchmark': {
    description: 'luma, crop = scale: Set5, Set14, BSD100, Urban100 and Manga109 in most papers',
    colour: 'y',
    crop: (scale) => scale,
    range: 255,
  },
  'edsr-div2k': {
    description: 'RGB, crop = scale + 6: the DIV2K validation images in EDSR and its successors',
    colour: 'rgb',
    crop: (scale) => scale + 6,
    range: 255,
  },
  rgb: {
    description: 'RGB, the whole image',
    colour: 'rgb',
    crop: () => 0,
    range: 255,
  },
} satisfies Record<string, Convention>;

/** Name of a convention. */
export type ConventionName = keyof typeof conventions;

/** The names of all conventions. */
export const conventionNames = Object.keys(conventions) as readonly ConventionName[];

/** How two images are compared. */
export interface MeasureOptions {
  readonly convention: ConventionName;
  /** The upscaling factor, an integer of at least 1; it decides the crop. */
  readonly scale: number;
}

/** Two images as a convention sees them: planes in the same order, cropped. */
export interface ComparedPlanes {
  readonly sr: readonly Plane[];
  readonly hr: readonly Plane[];
  readonly range: number;
}

/**
 * A convention's name from what a user wrote.
 *
 * @throws MetricError when there is none of that name
 */
export function parseConvention(name: string): ConventionName {
  const known = conventionNames.find((each) => each === name);
  if (known) return known;
  throw new MetricError(
    'parseConvention',
    `convention must be one of ${conventionNames.join(', ')}, got ${JSON.stringify(name)}`,
    'choose one of them',
  );
}

/**
 * The planes that a convention compares.
 *
 * @param where name of the calling function, for messages
 * @param smallest width and height in pixels that must be left after the crop
 * @throws MetricError when shapes differ, the scale is no positive integer, or less than `smallest` is left
 */
export function comparedPlanes(
  where: string,
  sr: Image,
  hr: Image,
  { convention: name, scale }: MeasureOptions,
  smallest: number,
): ComparedPlanes {
  const convention: Convention = conventions[parseConvention(name)];
  if (!Number.isInteger(scale) || scale < 1) {
    throw new MetricError(
      where,
      `scale must be an integer of at least 1, got ${scale}`,
      'give the upscaling factor, e.g. 4',
    );
  }
  checkSameShape(where, sr, hr);
  const crop = convention.crop(scale);
  const left = Math.min(hr.width, hr.height) - 2 * crop;
  if (left < smallest) {
    throw new MetricError(
      where,
      `images must be at least ${smallest + 2 * crop} pixels wide and high for ${name} at scale ${scale}, got ${hr.width}x${hr.height}`,
      `${crop} pixels are cropped from each side; leave such images out`,
    );
  }
  const planes = (image: Image) =>
    convention.colour === 'y'
      ? [lumaPlane(image, crop)]
      : ([0, 1, 2] as const).map((channel) => channelPlane(image, crop, channel));
  return { sr: planes(sr), hr: planes(hr), range: convention.range };
}
