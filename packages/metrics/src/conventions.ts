/**
 * Conventions: what a published PSNR or SSIM is taken on. A convention is one entry of the table below.
 */
import { MetricError } from './error.js';
import { checkSameShape, type Image, type Plane } from './image.js';
import { type ColourAt, colours, writePlane } from './luma.js';

/** What is compared, and over which range. */
export interface Convention {
  readonly description: string;
  /** What a plane's samples are, from R, G and B in 0..255. */
  readonly formula: string;
  /** The planes that are compared: of several, squared errors are pooled and SSIM is averaged. */
  readonly colour: keyof typeof colours;
  /** Pixels left out on each side at an upscaling factor. */
  readonly crop: (scale: number) => number;
  /** The same in words. */
  readonly cropped: string;
  /** The peak value: `L` of SSIM, and the numerator of PSNR. */
  readonly range: number;
  /** Where it comes from. */
  readonly source: string;
}

const LUMA = '16 + (65.481 R + 128.553 G + 24.966 B) / 255';

/** All conventions by name. */
export const conventions = {
  'edsr-benchmark': {
    description: 'luma, crop = scale: Set5, Set14, BSD100, Urban100 and Manga109 in most papers',
    formula: `${LUMA}, in float64, not rounded`,
    colour: 'y',
    crop: (scale) => scale,
    cropped: 'scale',
    range: 255,
    source: 'Lim et al., EDSR, CVPR Workshops 2017, its benchmark test',
  },
  'edsr-div2k': {
    description: 'RGB, crop = scale + 6: the DIV2K validation images in EDSR and its successors',
    formula: 'R, G, B',
    colour: 'rgb',
    crop: (scale) => scale + 6,
    cropped: 'scale + 6',
    range: 255,
    source: 'Lim et al., EDSR, CVPR Workshops 2017, its DIV2K test',
  },
  'basicsr-y': {
    description: 'luma as BasicSR takes it, through float32, crop = scale',
    formula: `${LUMA}, of float32 samples in 0..1, kept as float32, not rounded`,
    colour: 'y-single',
    crop: (scale) => scale,
    cropped: 'scale',
    range: 255,
    source: 'BasicSR, test_y_channel: true and crop_border: scale in its options',
  },
  rgb: {
    description: 'RGB, the whole image',
    formula: 'R, G, B',
    colour: 'rgb',
    crop: () => 0,
    cropped: 'nothing',
    range: 255,
    source: 'the definitions of PSNR and SSIM; image libraries by default',
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

/** Two images as a convention sees them. */
export interface ComparedPlanes {
  /** The planes of both images, cropped, one colour after the other. All pairs share the same two buffers: use one before the next is asked for. */
  readonly pairs: Iterable<readonly [sr: Plane, hr: Plane]>;
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
  const planes: readonly ColourAt[] = colours[convention.colour];
  return { pairs: pairsOf(sr, hr, crop, planes.slice(0, hr.channels)), range: convention.range };
}

function* pairsOf(sr: Image, hr: Image, crop: number, planes: readonly ColourAt[]): Iterable<readonly [Plane, Plane]> {
  const width = hr.width - 2 * crop;
  const height = hr.height - 2 * crop;
  const plane = (): Plane => ({ width, height, data: new Float64Array(width * height) });
  const pair = [plane(), plane()] as const;
  for (const colour of planes) {
    writePlane(sr, crop, colour, pair[0]);
    writePlane(hr, crop, colour, pair[1]);
    yield pair;
  }
}
