/** Where an image and its original differ most, and by how much. */
import { type Image, makeImage } from '@fqsr/datasets';
import { luma } from '@fqsr/metrics';
import { cut, dataUri, type Window } from '../demo/crops.js';
import { escapeHtml } from './html.js';

/** Differences of luma that are drawn full: all beyond look the same. */
export const FULL = 40;

/** A window, and the mean of the squared differences of luma in it. */
export interface Difference {
  readonly window: Window;
  readonly error: number;
}

/** The window of `size` pixels in which two images differ most, on a grid of half its size. */
export function mostDifferent(a: Image, b: Image, size: number): Difference {
  const { width, height } = a;
  const side = Math.min(size, width, height);
  const errors = squaredErrors(a, b);
  const best = { x: 0, y: 0, error: -1 };
  const step = Math.max(1, side >> 1);
  for (let y = 0; y + side <= height; y += step) {
    for (let x = 0; x + side <= width; x += step) {
      let sum = 0;
      for (let row = y; row < y + side; row++) {
        for (let at = row * width + x; at < row * width + x + side; at++) sum += errors[at] as number;
      }
      const error = sum / side ** 2;
      if (error > best.error) Object.assign(best, { x, y, error });
    }
  }
  return { window: { x: best.x, y: best.y, size: side }, error: best.error };
}

/** The difference of luma of each pixel as a colour: black for none, over violet and orange to white for {@link FULL} levels. */
export function errorMap(a: Image, b: Image): Image {
  const map = makeImage(a.width, a.height);
  for (const [i, squared] of squaredErrors(a, b).entries()) map.data.set(heat(Math.sqrt(squared) / FULL), 3 * i);
  return map;
}

/** The same of a whole image in small: means over squares, at most `side` pixels wide and high. */
export function smallErrorMap(a: Image, b: Image, side: number): Image {
  const factor = Math.ceil(Math.max(a.width, a.height) / side);
  const [width, height] = [Math.ceil(a.width / factor), Math.ceil(a.height / factor)];
  const [sums, counts] = [new Float64Array(width * height), new Float64Array(width * height)];
  for (const [i, squared] of squaredErrors(a, b).entries()) {
    const at = Math.floor(i / a.width / factor) * width + Math.floor((i % a.width) / factor);
    sums[at] = (sums[at] as number) + squared;
    counts[at] = (counts[at] as number) + 1;
  }
  const map = makeImage(width, height);
  for (const [i, sum] of sums.entries()) map.data.set(heat(Math.sqrt(sum / (counts[i] as number)) / FULL), 3 * i);
  return map;
}

/** Pictures of one window, side by side. */
export interface CropFigure {
  readonly caption: string;
  /** After the caption. */
  readonly note: string;
  readonly image: Image;
}

/** A row of crops. @param name of the image, for those who do not see it */
export async function cropFigures(name: string, figures: readonly CropFigure[]): Promise<string> {
  const drawn = figures.map(async ({ caption, note, image }) => {
    const alt = escapeHtml(`${name}, ${caption}`);
    return `<figure><img src="${await dataUri(image)}" width="${image.width}" height="${image.height}" alt="${alt}"><figcaption><b>${escapeHtml(caption)}</b> ${escapeHtml(note)}</figcaption></figure>`;
  });
  return `<div class="crops" style="--columns:${figures.length}">${(await Promise.all(drawn)).join('')}</div>`;
}

/** A window of images and, last, the map of their errors against the first. */
export async function cropRow(
  name: string,
  window: Window,
  images: readonly (readonly [caption: string, image: Image])[],
): Promise<string> {
  const [original, last] = [images[0]?.[1] as Image, images.at(-1)?.[1] as Image];
  const place = `${window.x}, ${window.y}`;
  const figures = images.map(([caption, image], i) => ({
    caption,
    note: i === 0 ? `${name}, at ${place}` : '',
    image: cut(image, window),
  }));
  const map = {
    caption: 'error map',
    note: `0 to ${FULL} levels of luma`,
    image: errorMap(cut(last, window), cut(original, window)),
  };
  return cropFigures(name, [...figures, map]);
}

function squaredErrors(a: Image, b: Image): Float64Array {
  const errors = new Float64Array(a.width * a.height);
  const y = ({ data }: Image, at: number) => luma(data[at] as number, data[at + 1] as number, data[at + 2] as number);
  for (let i = 0, at = 0; i < errors.length; i++, at += 3) errors[i] = (y(a, at) - y(b, at)) ** 2;
  return errors;
}

/** Stops of the colours, evenly over 0..1. */
const stops = [
  [0, 0, 4],
  [87, 16, 110],
  [188, 55, 84],
  [249, 142, 9],
  [252, 255, 220],
] as const;

function heat(share: number): readonly number[] {
  const at = Math.min(1, share) * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(at));
  const [low, high] = [stops[i] as readonly number[], stops[i + 1] as readonly number[]];
  return low.map((value, c) => Math.round(value + (at - i) * ((high[c] as number) - value)));
}
