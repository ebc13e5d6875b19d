/** Images that do not fit the device's memory as a whole: rectangles with what the network sees around them. */
import type { Group, Layout } from '../../layout.js';
import { inputsOf } from '../../validate.js';

/** Pixels of the input image. */
export interface Extent {
  readonly width: number;
  readonly height: number;
}

/** A rectangle of the input image: the pixels that are run, and among them those whose result is kept. */
export interface Tile extends Extent {
  readonly x: number;
  readonly y: number;
  readonly core: Extent & { readonly x: number; readonly y: number };
}

/** How far a pixel of the result sees, in pixels of the input image, to each side. */
export interface Reach {
  readonly x: number;
  readonly y: number;
}

/** What a device and the caller allow. */
export interface Room {
  /** Most pixels of a tile. */
  readonly area: number;
  /** Most pixels along a side. */
  readonly side: number;
}

/**
 * The reach of the whole network: `(k - 1) / 2` for each convolution on the way, divided by the upscaling before it, rounded up.
 *
 * @example
 * reachOf(layout); // { x: 35, y: 35 } for EDSR-baseline: 34 convolutions of 3 x 3 before the shuffles
 */
export function reachOf({ groups }: Pick<Layout, 'groups'>): Reach {
  const seen = new Map<string, Reach>();
  let reach: Reach = { x: 0, y: 0 };
  for (const { head, tails } of groups.toReversed()) {
    reach = farthest([head, ...tails].flatMap(({ name }) => seen.get(name) ?? []));
    for (const name of inputsOf(head))
      seen.set(name, farthest([...(seen.has(name) ? [seen.get(name) as Reach] : []), sourceReach(head, reach)]));
  }
  return reach;
}

const farthest = (all: readonly Reach[]): Reach => ({
  x: Math.max(0, ...all.map(({ x }) => x)),
  y: Math.max(0, ...all.map(({ y }) => y)),
});

function sourceReach(head: Group['head'], { x, y }: Reach): Reach {
  if (head.op === 'conv2d') return { x: x + (head.kernel[1] - 1) / 2, y: y + (head.kernel[0] - 1) / 2 };
  if (head.op === 'pixelShuffle') return { x: Math.ceil(x / head.factor), y: Math.ceil(y / head.factor) };
  return { x, y };
}

/**
 * Cuts an image: one tile where it fits, else strips, else nearly equal rectangles, row by row. The result of every core is exact, since what is wrong at an inner edge
 * of a tile spreads no farther than `reach`.
 *
 * @returns none where not even one pixel fits with its surroundings
 */
export function cut(image: Extent, reach: Reach, { area, side }: Room): readonly Tile[] {
  const square = Math.min(side, Math.floor(Math.sqrt(area)));
  const [width, height] =
    image.width <= square
      ? [image.width, Math.min(side, Math.floor(area / image.width))]
      : image.height <= square
        ? [Math.min(side, Math.floor(area / image.height)), image.height]
        : [square, square];
  const columns = spans(image.width, width, reach.x);
  const rows = spans(image.height, height, reach.y);
  return rows.flatMap((row) =>
    columns.map((column) => ({
      x: column.start,
      y: row.start,
      width: column.size,
      height: row.size,
      core: { x: column.core, y: row.core, width: column.coreSize, height: row.coreSize },
    })),
  );
}

/** Cuts `length` into spans of at most `limit`, each with `reach` more on inner sides. */
function spans(length: number, limit: number, reach: number) {
  if (limit >= length) return [{ start: 0, size: length, core: 0, coreSize: length }];
  const inner = limit - 2 * reach;
  if (inner < 1) return [];
  const step = Math.ceil(length / Math.ceil(length / inner));
  return Array.from({ length: Math.ceil(length / step) }, (_, i) => {
    const core = i * step;
    const end = Math.min(length, core + step);
    const start = Math.max(0, core - reach);
    return { start, size: Math.min(length, end + reach) - start, core, coreSize: end - core };
  });
}
