/**
 * The gradient of 3x3 convolutions of stride 1 by their filter, by Winograd's minimal filtering read backwards (see `winograd-matrices.ts`):
 * `dW = G^t [sum over tiles of (B^t X B) * (A dY A^t)] G`. Blocks of tiles follow one another in a fixed order: same inputs, same bits.
 */
import type { WasmFunction } from './assembler.js';
import type { ConvInfo } from './conv-info.js';
import { floatsAt, type Heap, withScratch } from './heap.js';
import { tileTransform } from './linear-transform.js';
import { paddedLineBytes, withPaddedImages } from './padded-images.js';
import { pointSums, pointSumsName } from './point-sums.js';
import { eachBlock, POINT_GAP, tileBytes, tilingOf, transformTiles } from './winograd.js';
import { transposed, winogradMatrices } from './winograd-matrices.js';

/** Tiles of a block. */
const BLOCK_TILES = 12;
/** Outputs of a tile along an axis. */
const M = 4;

/** The functions of this file. */
export const winogradGradientFunctions: readonly WasmFunction[] = [
  tileTransform('winogradOutputGradient', transposed(winogradMatrices[M].output)),
  tileTransform('winogradFilterGradient', transposed(winogradMatrices[M].filter)),
  pointSums,
];

/** `out = dW` of a convolution that `paysInTiles`; addresses in bytes, NHWC, `out` `[3, 3, ci, co]`. */
export function winogradFilterGradient(heap: Heap, x: number, dy: number, out: number, info: ConvInfo): void {
  const tiling = tilingOf(info, M);
  const { points } = tiling;
  const { batchSize, inChannels, outChannels, outHeight, outWidth } = info;
  const [vTile, zTile] = [tileBytes(points, inChannels), tileBytes(points, outChannels)];
  const filterPixel = 4 * inChannels * outChannels;
  const sumsPoint = filterPixel + POINT_GAP;
  // The output gradient as the input of a convolution that is padded to whole tiles.
  const gradient: ConvInfo = {
    ...info,
    ...{ inHeight: outHeight, inWidth: outWidth, inChannels: outChannels },
    padInfo: {
      ...info.padInfo,
      ...{ top: 0, left: 0, bottom: tiling.tilesY * M - outHeight, right: tiling.tilesX * M - outWidth },
    },
  };
  withScratch(heap, (points * sumsPoint + BLOCK_TILES * (vTile + zTile)) / 4, (sums) => {
    const v = sums + points * sumsPoint;
    const z = v + BLOCK_TILES * vTile;
    floatsAt(heap, sums, (points * sumsPoint) / 4).fill(0);
    withPaddedImages(heap, x, tiling.info, (image) => {
      withPaddedImages(heap, dy, gradient, (imageGradient) => {
        for (let n = 0; n < batchSize; n++) {
          const from = { address: image(n), line: paddedLineBytes(tiling.info), channels: inChannels };
          const back = { address: imageGradient(n), line: paddedLineBytes(gradient), channels: outChannels };
          eachBlock(tiling, BLOCK_TILES, (runs, tiles) => {
            for (const run of runs) {
              transformTiles(heap, `winogradInput_${M}`, from, v, run, tiling);
              transformTiles(heap, 'winogradOutputGradient', back, z, run, tiling);
            }
            heap.call(pointSumsName)(
              ...[v, z, sums, tiles, points, inChannels / 4],
              ...[Math.floor(outChannels / 8), (outChannels % 8) / 4],
              ...[vTile, zTile, 4 * inChannels, 4 * outChannels, POINT_GAP],
            );
          });
        }
      });
    });
    heap.call('winogradFilterGradient')(
      ...[sums, out],
      ...[(M + 2) * sumsPoint, 3 * filterPixel],
      ...[sumsPoint, filterPixel],
      ...[0, 0],
      1,
      (inChannels * outChannels) / 4,
    );
  });
}
