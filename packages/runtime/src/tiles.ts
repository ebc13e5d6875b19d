/** Images that are not run as a whole: rectangles with what the network sees around them. */
import type { Image } from './image.js';
import type { Group, Layout } from './layout.js';
import { inputsOf } from './model-info.js';
import type { Port } from './port.js';

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

/** Most pixels of a tile, what is seen around it included, and along its sides. */
export interface Room extends Extent {
  readonly area: number;
}

/** Least pixels along a tile's side that are kept for the sake of a budget. */
export const CORE = 16;

/** Pixels of the smallest tile that a budget may ask for. */
export const leastArea = ({ x, y }: Reach): number => (2 * Math.max(x, y) + CORE) ** 2;

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
export function cut(image: Extent, reach: Reach, room: Room): readonly Tile[] {
  const square = Math.floor(Math.sqrt(room.area));
  const most = { width: Math.min(image.width, room.width), height: Math.min(image.height, room.height) };
  const [width, height] =
    most.width <= square
      ? [most.width, Math.min(most.height, Math.floor(room.area / most.width))]
      : most.height <= square
        ? [Math.min(most.width, Math.floor(room.area / most.height)), most.height]
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

/** The same for strips of a port, whose rows in the result are few enough. */
export function cutForPort(port: Port, reach: Reach, room: Room): readonly Tile[] {
  const height = port.stripRows < port.height ? port.stripRows + 2 * reach.y : port.height;
  return cut(port, reach, { ...room, height: Math.min(room.height, height) });
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

/** Tiles side by side, from the top. */
export function inRows(tiles: readonly Tile[]): readonly (readonly [Tile, ...Tile[]])[] {
  const rows = new Map<number, [Tile, ...Tile[]]>();
  for (const tile of tiles) {
    const row = rows.get(tile.y);
    if (row) row.push(tile);
    else rows.set(tile.y, [tile]);
  }
  return [...rows.values()];
}

/** Room for the result of tiles side by side. */
export function openRow(port: Port, { core }: Tile, scale: number): Uint8Array {
  return port.open(core.y * scale, (core.y + core.height) * scale);
}

/** A tile as an image. */
export function takeTile(port: Pick<Port, 'row'>, { x, y, width, height }: Tile): Image {
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) data.set(port.row(y + row).subarray(x * 3, (x + width) * 3), row * width * 3);
  return { width, height, channels: 3, data };
}

/** Copies the result of a tile's core to its place among the rows that {@link openRow} gave. */
export function putTile(to: Uint8Array, stride: number, tile: Tile, from: Uint8Array, scale: number): void {
  const { core } = tile;
  const length = core.width * scale * 3;
  const [left, top] = [(core.x - tile.x) * scale, (core.y - tile.y) * scale];
  for (let row = 0; row < core.height * scale; row++) {
    const at = ((top + row) * tile.width * scale + left) * 3;
    to.set(from.subarray(at, at + length), (row * stride + core.x * scale) * 3);
  }
}

/** Runs tiles through a port; yields the work done so far, of `work` for each pixel. */
export function* runTiles(
  port: Port,
  tiles: readonly Tile[],
  { scale, work }: { readonly scale: number; readonly work: number },
  run: (image: Image) => Generator<number, Image>,
): Generator<number, void> {
  let done = 0;
  for (const row of inRows(tiles)) {
    const [first] = row;
    port.release(first.y);
    while (!port.has(first.y + first.height)) yield done;
    const to = openRow(port, first, scale);
    for (const tile of row) {
      const share = (tile.core.width * tile.core.height) / (tile.width * tile.height);
      const steps = run(takeTile(port, tile));
      let step = steps.next();
      for (; !step.done; step = steps.next()) yield Math.round(done + step.value * share);
      putTile(to, port.width * scale, tile, step.value.data, scale);
      done += work * tile.core.width * tile.core.height;
      yield done;
    }
    port.close();
  }
}
