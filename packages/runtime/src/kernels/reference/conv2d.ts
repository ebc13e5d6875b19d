/**
 * `conv2d`: `acc[o] = bias[o] + sum v * w[o, ky, kx, i]`, stride 1, `same` padding; `v = q - z`, and 0 outside the image, or on mid-rise grids `v = 2 * (q - z) + 1`,
 * and 1 outside; with `edge` padding the nearest pixel.
 *
 * A strip of columns runs down a block of rows. The `kh` input rows above it stand in a ring as doubles `v`, padded, so that the `kw * C` values
 * under a kernel row are contiguous and no border needs a branch. Output channels share doubles ({@link choosePacking}), and the inner loop makes 4 pixels
 * by 2 doubles at a time in registers.
 */
import type { Conv2dNode } from '../../model.js';
import type { LevelsInfo } from '../../model-info.js';
import { type KernelTable, type LevelTensor, macsPerPixel, type Preparation } from '../kernel.js';
import { choosePacking, type Packing } from './packing.js';

/** Widest strip, a multiple of the tile: with 64 channels and a 3x3 kernel the ring takes 54 kB, which stays in the caches. */
const COLUMNS = 32;
/** Pixels of a tile. */
const PIXELS = 4;
/** Doubles of a tile. */
const DOUBLES = 2;

export const conv2d: KernelTable['conv2d'] = (node, preparation) => {
  const [source] = preparation.inputs as readonly [LevelsInfo];
  const [kernelHeight, kernelWidth] = node.kernel;
  const { inChannels, outChannels } = node;
  const packing = choosePacking(
    preparation.info.kind === 'accumulator' ? preparation.info.bound : 2 ** 31 - 1,
    outChannels,
  );
  const { weights, biases } = packConstants(node, preparation, packing);
  const doubles = biases.length;
  const run = kernelWidth * inChannels;
  const rowSize = (COLUMNS + kernelWidth - 1) * inChannels;
  const ring = new Float64Array(kernelHeight * rowSize);
  const sums = new Float64Array(COLUMNS * doubles);
  const acc = new Int32Array(COLUMNS * outChannels);
  const fillRow = rowFiller(source, (kernelWidth - 1) / 2, node.padding === 'edge');
  const above = (kernelHeight - 1) / 2;

  return {
    columns: COLUMNS,
    work: macsPerPixel(node),
    block([from], { y0, y1, x0, x1 }, emit) {
      if (from === undefined) return;
      const pixels = x1 - x0;
      for (let k = 0; k < kernelHeight - 1; k++) fillRow(from, y0 - above + k, x0, pixels, ring, k * rowSize);
      for (let y = y0; y < y1; y++) {
        const first = (y - y0) % kernelHeight;
        const newest = (first + kernelHeight - 1) % kernelHeight;
        fillRow(from, y - above + kernelHeight - 1, x0, pixels, ring, newest * rowSize);
        for (let d = 0; d < doubles; d += DOUBLES) {
          const start = d * run * kernelHeight;
          for (let p = 0; p < pixels; p += PIXELS) {
            tile(
              ring,
              rowSize,
              kernelHeight,
              first,
              p * inChannels,
              inChannels,
              run,
              weights,
              start,
              biases,
              sums,
              p * doubles + d,
              d,
            );
          }
        }
        unpack(sums, doubles, pixels, packing, outChannels, acc);
        emit(acc, y, x0, pixels);
      }
    },
  };
};

/**
 * Four pixels by two doubles: `sums[pixel][d] = biases[d] + sum over the window of x * weights`. Where a strip ends within a tile, the pixels past its end
 * take what stands in the ring, and nobody reads their sums.
 *
 * @param ring `kernelHeight` rows of `rowSize` values; the top row of the window stands at index `first`
 * @param at index of the first pixel's window within a row; each further one is `step` on
 * @param run values of the window in each row
 */
function tile(
  ring: Float64Array,
  rowSize: number,
  kernelHeight: number,
  first: number,
  at: number,
  step: number,
  run: number,
  weights: Float64Array,
  start: number,
  biases: Float64Array,
  sums: Float64Array,
  to: number,
  d: number,
): void {
  let a0 = biases[d] as number;
  let a1 = biases[d + 1] as number;
  let b0 = a0;
  let b1 = a1;
  let c0 = a0;
  let c1 = a1;
  let d0 = a0;
  let d1 = a1;
  const step2 = 2 * step;
  const step3 = 3 * step;
  let w = start;
  let row = first;
  for (let ky = 0; ky < kernelHeight; ky++) {
    const begin = row * rowSize + at;
    const end = begin + run;
    for (let k = begin; k < end; k++, w += DOUBLES) {
      const w0 = weights[w] as number;
      const w1 = weights[w + 1] as number;
      const xa = ring[k] as number;
      a0 += xa * w0;
      a1 += xa * w1;
      const xb = ring[k + step] as number;
      b0 += xb * w0;
      b1 += xb * w1;
      const xc = ring[k + step2] as number;
      c0 += xc * w0;
      c1 += xc * w1;
      const xd = ring[k + step3] as number;
      d0 += xd * w0;
      d1 += xd * w1;
    }
    if (++row === kernelHeight) row = 0;
  }
  const doubles = biases.length;
  sums[to] = a0;
  sums[to + 1] = a1;
  sums[to + doubles] = b0;
  sums[to + doubles + 1] = b1;
  sums[to + 2 * doubles] = c0;
  sums[to + 2 * doubles + 1] = c1;
  sums[to + 3 * doubles] = d0;
  sums[to + 3 * doubles + 1] = d1;
}

/** Takes packed sums apart: `acc[pixel][channel]` from `sums[pixel][double]`, channel = double * lanes + lane. */
function unpack(
  sums: Float64Array,
  doubles: number,
  pixels: number,
  { lanes, base }: Packing,
  channels: number,
  acc: Int32Array,
): void {
  const half = base / 2;
  const inverse = 1 / base;
  let to = 0;
  for (let p = 0; p < pixels; p++) {
    let from = p * doubles;
    for (let c = 0; c < channels; c += lanes) {
      let sum = sums[from++] as number;
      const last = Math.min(c + lanes, channels) - 1;
      for (let lane = c; lane < last; lane++) {
        const rest = Math.floor((sum + half) * inverse);
        acc[to++] = sum - rest * base;
        sum = rest;
      }
      acc[to++] = sum;
    }
  }
}

/** Writes the values of a row of the input, columns `x0 - pad .. x0 + pixels + pad - 1`, and what stands outside the image. */
function rowFiller({ signed, zeroPoint, spacing, channels }: LevelsInfo, pad: number, isEdge: boolean) {
  // A byte b stands for the signed level (b ^ 128) - 128 and for the unsigned level b.
  const flip = signed ? 128 : 0;
  const border = spacing - 1;
  const offsets = Int32Array.from(zeroPoint, (zero) => spacing * (zero + flip) - border);
  return (
    { levels, width, height }: LevelTensor,
    row: number,
    x0: number,
    pixels: number,
    ring: Float64Array,
    at: number,
  ): void => {
    const end = at + (pixels + 2 * pad) * channels;
    const y = isEdge ? Math.min(Math.max(row, 0), height - 1) : row;
    if (y < 0 || y >= height) {
      ring.fill(border, at, end);
      return;
    }
    const left = Math.max(0, pad - x0);
    const right = Math.max(0, x0 + pixels + pad - width);
    const from = at + left * channels;
    const until = end - right * channels;
    ring.fill(border, at, from);
    ring.fill(border, until, end);
    let source = (y * width + x0 - pad + left) * channels;
    for (let i = from; i < until; ) {
      for (let c = 0; c < channels; c++, i++) {
        ring[i] = ((levels[source++] as number) ^ flip) * spacing - (offsets[c] as number);
      }
    }
    if (!isEdge) return;
    for (let i = from - 1; i >= at; i--) ring[i] = ring[i + channels] as number;
    for (let i = until; i < end; i++) ring[i] = ring[i - channels] as number;
  };
}

/**
 * Weights and biases in the order of the tiles: `weights[pair of doubles][ky][kx][i][2]`. Channels past the last are zeros.
 */
function packConstants({ weight, bias, outChannels }: Conv2dNode, { tensor }: Preparation, { lanes, base }: Packing) {
  const levels = tensor(weight);
  const offsets = tensor(bias);
  const size = levels.length / outChannels;
  const doubles = Math.ceil(Math.ceil(outChannels / lanes) / DOUBLES) * DOUBLES;
  const weights = new Float64Array(doubles * size);
  const biases = new Float64Array(doubles);
  for (let o = 0; o < outChannels; o++) {
    const d = Math.floor(o / lanes);
    const unit = base ** (o % lanes);
    biases[d] = (biases[d] as number) + (offsets[o] as number) * unit;
    const start = (d - (d % DOUBLES)) * size + (d % DOUBLES);
    for (let k = 0; k < size; k++) {
      const at = start + k * DOUBLES;
      weights[at] = (weights[at] as number) + (levels[o * size + k] as number) * unit;
    }
  }
  return { weights, biases };
}
