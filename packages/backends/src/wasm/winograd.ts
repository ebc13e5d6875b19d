/**
 * 3x3 convolutions of stride 1 by Winograd's minimal filtering: see `winograd-matrices.ts`.
 *
 * Tiles are done in blocks that stay in the second-level cache: input tiles to `V[tile][point][ci]`, for each of the `(m + 2)^2` points one matrix product with the
 * transformed filter `U[point][ci][co]` to `M[tile][point][co]`, and from there the output. Order is fixed: same inputs, same bits.
 */
import type { WasmFunction } from './assembler.js';
import type { ConvInfo } from './conv-info.js';
import { floatsAt, type Heap, withScratch } from './heap.js';
import { tileTransform } from './linear-transform.js';
import { eachPaddedImage, paddedLineBytes } from './padded-images.js';
import { PRODUCT_TILES, pointProductsName } from './point-products.js';
import { type TileSize, winogradMatrices } from './winograd-matrices.js';

/** Tiles of a block, a multiple of {@link PRODUCT_TILES}: a patch of 24x24, or a quarter of 48x48. */
export const BLOCK_TILES = 36;

/** The functions of this file, by tile size. */
export const winogradFunctions: readonly WasmFunction[] = ([2, 4] as const).flatMap((m) => [
  tileTransform(`winogradInput_${m}`, winogradMatrices[m].input),
  tileTransform(`winogradFilter_${m}`, winogradMatrices[m].filter),
  tileTransform(`winogradOutput_${m}`, winogradMatrices[m].output),
]);

/** A 3x3 convolution of stride 1 cut into tiles. */
export interface Tiling {
  readonly m: TileSize;
  /** Points of a tile, `(m + 2)^2`. */
  readonly points: number;
  readonly tilesX: number;
  readonly tilesY: number;
  /** The convolution, padded at the right and the bottom so that all tiles are whole. */
  readonly info: ConvInfo;
}

/** Tiles of a convolution. */
export function tilingOf(info: ConvInfo, m: TileSize): Tiling {
  const { outHeight, outWidth, padInfo } = info;
  const [tilesY, tilesX] = [Math.ceil(outHeight / m), Math.ceil(outWidth / m)];
  const bottom = padInfo.bottom + tilesY * m - outHeight;
  const right = padInfo.right + tilesX * m - outWidth;
  return { m, points: (m + 2) ** 2, tilesX, tilesY, info: { ...info, padInfo: { ...padInfo, bottom, right } } };
}

/** Tiles side by side: of row `y`, from column `x` on; `first` counts them within their block. */
export interface TileRun {
  readonly y: number;
  readonly x: number;
  readonly count: number;
  readonly first: number;
}

/** Calls `visit` with the runs of each block of at most `size` tiles of an image. */
export function eachBlock(
  { tilesX, tilesY }: Tiling,
  size: number,
  visit: (runs: readonly TileRun[], tiles: number) => void,
) {
  const total = tilesX * tilesY;
  for (let start = 0; start < total; start += size) {
    const end = Math.min(total, start + size);
    const runs: TileRun[] = [];
    for (let at = start; at < end; ) {
      const x = at % tilesX;
      const count = Math.min(tilesX - x, end - at);
      runs.push({ y: Math.floor(at / tilesX), x, count, first: at - start });
      at += count;
    }
    visit(runs, end - start);
  }
}

/** Bytes from one transformed tile to the next: a cache line more than its values, so that tiles do not share the same lines of a cache. */
export const tileBytes = (points: number, channels: number) => 4 * (points * channels + 16);

/**
 * Bytes between the points of a transformed filter. Filters of 32 or 64 channels are whole pages, so that without it the 36 points of a value would contend for the same
 * few lines of a cache.
 */
export const POINT_GAP = 192;

/** An image: address, bytes of a line, channels. */
export interface ImageAt {
  readonly address: number;
  readonly line: number;
  readonly channels: number;
}

/** Transforms the tiles of a run of an image; tiles start `m` lines and columns apart. */
export function transformTiles(
  heap: Heap,
  name: string,
  { address, line, channels }: ImageAt,
  to: number,
  { count, first, x, y }: TileRun,
  { m, points }: Tiling,
): void {
  const pixel = 4 * channels;
  const tile = tileBytes(points, channels);
  heap.call(name)(
    address + y * m * line + x * m * pixel,
    to + first * tile,
    ...[line, (m + 2) * pixel],
    ...[pixel, pixel],
    ...[m * pixel, tile],
    count,
    channels / 4,
  );
}

/** Writes the outputs of a run to the image at `out`; those that lie beyond its edges go through `spare`, `m` lines of the run's width. */
function writeOutputs(heap: Heap, product: number, out: number, spare: number, run: TileRun, tiling: Tiling): void {
  const { m, points } = tiling;
  const { outHeight, outWidth, outChannels } = tiling.info;
  const pixel = 4 * outChannels;
  const tile = tileBytes(points, outChannels);
  const rows = Math.min(m, outHeight - run.y * m);
  const columns = Math.min(run.count * m, outWidth - run.x * m);
  const target = out + (run.y * m * outWidth + run.x * m) * pixel;
  const isWhole = rows === m && columns === run.count * m;
  const spareLine = run.count * m * pixel;
  heap.call(`winogradOutput_${m}`)(
    product + run.first * tile,
    isWhole ? target : spare,
    ...[(m + 2) * pixel, isWhole ? outWidth * pixel : spareLine],
    ...[pixel, pixel],
    ...[tile, m * pixel],
    run.count,
    outChannels / 4,
  );
  if (isWhole) return;
  for (let row = 0; row < rows; row++) {
    const from = spare + row * spareLine;
    heap.module.HEAPU8.copyWithin(target + row * outWidth * pixel, from, from + columns * pixel);
  }
}

/** Outputs of a channel, and input times output channels, from which on tiles are faster than direct sums. */
const payingSizes = {
  2: { outputs: 64, channels: 256 },
  4: { outputs: 192, channels: 64 },
} as const satisfies Record<TileSize, object>;

/** Whether a convolution can be done by tiles of that size, 3x3, stride 1, channels in fours, and is large enough to gain from it. */
export function paysInTiles(info: ConvInfo, m: TileSize): boolean {
  const { filterHeight, filterWidth, strideHeight, strideWidth, inChannels, outChannels } = info;
  const isTileable =
    [filterHeight, filterWidth].every((size) => size === 3) &&
    [strideHeight, strideWidth].every((stride) => stride === 1) &&
    [inChannels, outChannels].every((channels) => channels % 4 === 0);
  const outputs = info.batchSize * info.outHeight * info.outWidth;
  const { outputs: leastOutputs, channels } = payingSizes[m];
  return isTileable && outputs >= leastOutputs && inChannels * outChannels >= channels;
}

/** `out = conv2d(x, filter)` for a convolution that {@link paysInTiles}; addresses in bytes, NHWC, filter `[3, 3, ci, co]`. */
export function winogradConvolution(heap: Heap, m: TileSize, x: number, filter: number, out: number, info: ConvInfo) {
  const tiling = tilingOf(info, m);
  const { points } = tiling;
  const { inChannels, outChannels, outHeight, outWidth } = info;
  const [vTile, productTile] = [tileBytes(points, inChannels), tileBytes(points, outChannels)];
  const filterPixel = 4 * inChannels * outChannels;
  const uPoint = filterPixel + POINT_GAP;
  const [uBytes, vBytes] = [points * uPoint, BLOCK_TILES * vTile];
  const productBytes = BLOCK_TILES * productTile;
  const spareBytes = 4 * BLOCK_TILES * m * m * outChannels;
  withScratch(heap, (uBytes + vBytes + productBytes + spareBytes) / 4, (u) => {
    const v = u + uBytes;
    const product = v + vBytes;
    const spare = product + productBytes;
    // Tiles beyond the last one of a block are multiplied too, if never read; whatever lay there may be slow to multiply.
    if ((tiling.tilesX * tiling.tilesY) % PRODUCT_TILES !== 0) floatsAt(heap, v, vBytes / 4).fill(0);
    heap.call(`winogradFilter_${m}`)(
      ...[filter, u],
      ...[3 * filterPixel, (m + 2) * uPoint],
      ...[filterPixel, uPoint],
      ...[0, 0],
      1,
      (inChannels * outChannels) / 4,
    );
    const multiply = heap.products(vTile)(pointProductsName);
    eachPaddedImage(heap, x, tiling.info, (address, n) => {
      const image = { address, line: paddedLineBytes(tiling.info), channels: inChannels };
      const target = out + 4 * n * outHeight * outWidth * outChannels;
      eachBlock(tiling, BLOCK_TILES, (runs, tiles) => {
        for (const run of runs) transformTiles(heap, `winogradInput_${m}`, image, v, run, tiling);
        multiply(
          ...[v, u, product, Math.ceil(tiles / PRODUCT_TILES), points, inChannels],
          ...[Math.floor(outChannels / 8), (outChannels % 8) / 4],
          ...[4 * outChannels, uPoint, productTile],
        );
        for (const run of runs) writeOutputs(heap, product, target, spare, run, tiling);
      });
    });
  });
}
