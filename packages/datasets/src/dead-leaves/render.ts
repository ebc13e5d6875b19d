/**
 * Dead leaves (Lee, Mumford and Huang, IJCV 2001): images of occluding shapes with the size statistics of photographs.
 */
import { hash32 } from '../hash.js';
import type { Image } from '../image.js';
import { createCanvas, halve, paintBehind } from './canvas.js';
import { createRandom } from './random.js';
import { drawBackground, drawLeaves, drawLook } from './scene.js';

/** Which dead-leaves image. */
export interface DeadLeavesOptions {
  /** Side of the square image in pixels. */
  readonly size: number;
  readonly seed: number;
  /** Number of the image among those of a seed. */
  readonly index: number;
}

/** Share of the canvas that leaves must cover before the background takes the rest. */
const COVERED = 0.97;
/** Leaves after which the background takes the rest in any case. */
const MOST_LEAVES = 20_000;

/**
 * One image: leaves painted from front to back at twice the resolution, then filtered down. The same bytes on every platform.
 *
 * @example
 * renderDeadLeaves({ size: 256, seed: 1, index: 0 }); // a 256x256 image
 */
export function renderDeadLeaves({ size, seed, index }: DeadLeavesOptions): Image {
  const random = createRandom(hash32(seed, index));
  const look = drawLook(random, 2 * size);
  const canvas = createCanvas(look.side);
  const enough = COVERED * look.side ** 2;
  let painted = 0;
  for (let n = 0; painted < enough && n < MOST_LEAVES; n++) {
    for (const { shape, paint } of drawLeaves(random, look)) painted += paintBehind(canvas, shape, paint, look.lattice);
  }
  const background = drawBackground(random, look);
  paintBehind(canvas, background.shape, background.paint, look.lattice);
  return halve(canvas, look.softness);
}
