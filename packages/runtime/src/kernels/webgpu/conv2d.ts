/**
 * `conv2d` with its requantizations: a workgroup makes a tile of 16 columns by 4, 8 or 16 rows of pixels, of up to 32 output channels; a thread 4 pixels (4 columns
 * apart, so that neighbouring threads read neighbouring words) of 8 channels, in 32 registers. Accumulators never leave them.
 *
 * Sums. With stored bytes `p = q - offset` and `z` moved alike, the value of a level is `v = s * (p - z) + s - 1`, `s` the spacing of its grid, so
 * `acc = bias + sum v * w = (bias + sum (s - 1 - s * z) * w) + s * sum p * w`: the bracket is a constant, and what stands for 0 outside the image is `p = z`, whose
 * value is `s - 1` (with `edge` padding the nearest pixel). Odd (mid-rise) weights are `w = 2 * k + 1` with `k` an int8: `sum p * w = 2 * sum p * k + sum p`, the last
 * sum one for all output channels. int32 wraps in WGSL, and the format bounds the result, so partial sums need no bound.
 *
 * Loops. Channels go in chunks of a few words: the workgroup loads its window of the chunk, halo included, and the weights of all kernel rows (or of one, where they
 * do not fit), waits, and sums.
 */

import { find } from '../../layout.js';
import type { Conv2dNode, IntegerTensor, RequantizeNode } from '../../model.js';
import type { LevelsInfo } from '../../model-info.js';
import { macsPerPixel, type Preparation } from '../kernel.js';
import { type Constants, openConstants, packBytes } from './constants.js';
import { type Compilation, type GpuStep, portions } from './step.js';
import { scaledWgsl, tailWgsl } from './tail.js';
import { prelude, storedOffset, THREADS, wordsOf } from './wgsl.js';

/** Columns of a workgroup's tile. */
const COLUMNS = 16;
/** Pixels of a thread. */
const PIXELS = 4;
/** Words of a chunk, by preference. */
const CHUNKS = [4, 6, 5, 3, 2, 1] as const;

/** How a convolution is cut. */
export interface Tiling {
  /** Words of a thread's output channels: 1 or 2. */
  readonly words: number;
  /** Threads that share pixels and differ in channels: 1, 2 or 4. */
  readonly parts: number;
  /** Rows of a workgroup's tile. */
  readonly rows: number;
  /** Workgroups that share pixels. */
  readonly slices: number;
  /** Words of input channels at a time, and how many times. */
  readonly chunk: number;
  readonly chunks: number;
  /** Kernel rows whose weights are loaded at a time: all or 1. */
  readonly stage: number;
}

/**
 * The tiling of a convolution within a workgroup's memory of `shared` bytes. The largest kernel, 15 x 15, takes at most 30 * 30 + 15 * 8 words with chunks of one
 * word, so there is one for every layer in the 16 KiB that every device has.
 */
export function chooseTiling(
  { kernel: [kh, kw], inChannels, outChannels }: Pick<Conv2dNode, 'kernel' | 'inChannels' | 'outChannels'>,
  shared: number,
): Tiling {
  const outWords = wordsOf(outChannels);
  const words = Math.min(2, outWords);
  const parts = outWords <= words ? 1 : outWords <= 2 * words ? 2 : 4;
  const rows = COLUMNS / parts;
  const window = (COLUMNS + kw - 1) * (rows + kh - 1);
  const bytes = (chunk: number, stage: number) => 4 * chunk * (window + stage * kw * words * parts * 4);
  const times = (chunk: number) => Math.ceil(wordsOf(inChannels) / chunk);
  const fitting = CHUNKS.filter((chunk) => bytes(chunk, 1) <= shared);
  // Half a word for the two barriers that a chunk costs.
  const cost = (chunk: number) => times(chunk) * (chunk + 0.5);
  const chunk = fitting.reduce((best, next) => (cost(next) < cost(best) ? next : best), fitting[0] ?? 1);
  const slices = Math.ceil(outWords / (words * parts));
  return { words, parts, rows, slices, chunk, chunks: times(chunk), stage: bytes(chunk, kh) <= shared ? kh : 1 };
}

export function conv2d(
  node: Conv2dNode,
  tails: readonly RequantizeNode[],
  compilation: Compilation,
): readonly GpuStep[] {
  return portions(tails, compilation.outputs).map((some) => compileSome(node, some, compilation));
}

function compileSome(
  node: Conv2dNode,
  tails: readonly RequantizeNode[],
  { dialect, layout, shared }: Compilation,
): GpuStep {
  const preparation = layout.prepare(node);
  const [input] = preparation.inputs as readonly [LevelsInfo];
  const tiling = chooseTiling(node, shared);
  const { rows, slices, chunk, chunks } = tiling;
  const outputs = slices * tiling.words * tiling.parts * 4;
  const constants = openConstants();
  const at = pushConstants(node, input, preparation, tiling, constants);
  const functions = tails.map((tail, i) => tailWgsl(i, tail, layout.prepare(tail), constants));
  const code =
    prelude(dialect, { constants: true, from: 1, to: tails.length }) +
    scaledWgsl +
    functions.join('') +
    mainWgsl(node, input, tiling, at, tails.length);
  const [kh, kw] = node.kernel;
  const halo = ((COLUMNS + kw - 1) * (rows + kh - 1)) / (COLUMNS * rows);
  const read = wordsOf(node.inChannels) * halo * slices;
  return {
    name: node.name,
    code,
    constants: constants.words(),
    from: [find(layout.tensors, node.input)],
    to: tails.map(({ name }) => find(layout.tensors, name)),
    factor: input.factor,
    groups: (width, height) => [Math.ceil(width / COLUMNS), Math.ceil(height / rows), slices],
    traffic: 4 * (read + wordsOf(node.outChannels) * tails.length) * input.factor ** 2,
    dots: kh * kw * chunk * chunks * outputs * input.factor ** 2,
    work: macsPerPixel(node) * input.factor ** 2,
  };
}

/** Indices of constants. */
interface Places {
  /** For each word of input channels: what stands outside the image, and ones in the channels that there are. */
  readonly border: number;
  readonly bias: number;
  /** `[slice][chunk][ky][kx][word][output channels of the slice]`. */
  readonly weights: number;
}

function pushConstants(
  node: Conv2dNode,
  input: LevelsInfo,
  { tensor }: Preparation,
  { chunk, chunks, words, parts, slices }: Tiling,
  constants: Constants,
): Places {
  const { inChannels, outChannels } = node;
  const [kh, kw] = node.kernel;
  const isOdd = node.weightSpacing === 2;
  const weight = tensor(node.weight);
  const zero = input.zeroPoint.map((z) => z - storedOffset(input));
  const four = (word: number, value: (c: number) => number) =>
    packBytes([0, 1, 2, 3].map((i) => (4 * word + i < inChannels ? value(4 * word + i) : 0)));
  const border = Array.from({ length: chunk * chunks }, (_, word) => [
    four(word, (c) => zero[c] as number),
    four(word, () => 1),
    0,
    0,
  ]);
  const outputs = words * parts * 4;
  const packed = new Int32Array(slices * chunks * kh * kw * chunk * outputs);
  let to = 0;
  for (let slice = 0; slice < slices; slice++) {
    for (let first = 0; first < chunks * chunk; first += chunk) {
      for (let k = 0; k < kh * kw; k++) {
        for (let word = first; word < first + chunk; word++) {
          for (let o = slice * outputs; o < (slice + 1) * outputs; o++, to++) {
            if (o >= outChannels) continue;
            const start = (o * kh * kw + k) * inChannels;
            for (let c = 4 * word; c < Math.min(4 * word + 4, inChannels); c++) {
              const w = weight[start + c] as number;
              packed[to] = (packed[to] as number) | (((isOdd ? (w - 1) / 2 : w) & 255) << (8 * (c & 3)));
            }
          }
        }
      }
    }
  }
  return {
    border: constants.push(border.flat()),
    bias: constants.push(foldedBias(weight, tensor(node.bias), zero, input.spacing, slices * outputs)),
    weights: constants.push(packed),
  };
}

/** `bias + sum (s - 1 - s * z) * w`, modulo 2^32, padded to `length`. */
function foldedBias(
  weight: IntegerTensor,
  bias: IntegerTensor,
  zero: readonly number[],
  spacing: number,
  length: number,
) {
  const size = weight.length / bias.length;
  const rest = zero.map((z) => spacing - 1 - spacing * z);
  const folded = new Int32Array(length);
  for (const [o, start] of bias.entries()) {
    let sum = start;
    for (let k = 0; k < size; k++) sum += (weight[o * size + k] as number) * (rest[k % rest.length] as number);
    folded[o] = sum;
  }
  return folded;
}

function mainWgsl(node: Conv2dNode, input: LevelsInfo, tiling: Tiling, at: Places, tails: number): string {
  const { words, parts, rows, chunk, chunks, stage } = tiling;
  const [kh, kw] = node.kernel;
  const inWords = wordsOf(node.inChannels);
  const outWords = wordsOf(node.outChannels);
  const [across, down] = [COLUMNS + kw - 1, rows + kh - 1];
  const window = across * down;
  const vectors = words * parts;
  const stageVectors = stage * kw * chunk * vectors;
  const isOdd = node.weightSpacing === 2;
  const pixels = Array.from({ length: PIXELS }, (_, p) => p);
  const outputs = Array.from({ length: words }, (_, j) => j);
  const lines = (each: (p: number, j: number) => string) =>
    pixels.flatMap((p) => outputs.map((j) => each(p, j))).join('\n');
  const sum = (p: number, j: number) => (isOdd ? `2 * sum${p}_${j} + vec4(all${p})` : `sum${p}_${j}`);
  return `
var<workgroup> tile: array<u32, ${chunk * window}>;
var<workgroup> weights: array<vec4<u32>, ${stageVectors}>;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let column = lane % 4u;
  let row = (lane / 4u) % ${rows}u;
  let part = lane / ${4 * rows}u;
  let corner = vec2<i32>(i32(group.x) * ${COLUMNS} - ${(kw - 1) / 2}, i32(group.y) * ${rows} - ${(kh - 1) / 2});
  let extent = vec2<i32>(size.xy);
${lines((p, j) => `  var sum${p}_${j} = vec4(0);`)}
${isOdd ? pixels.map((p) => `  var all${p} = 0;`).join('\n') : ''}
  for (var chunk = 0u; chunk < ${chunks}u; chunk++) {
    for (var i = lane; i < ${chunk * window}u; i += ${THREADS}u) {
      let word = i % ${chunk}u;
      let place = i / ${chunk}u;
      let channels = chunk * ${chunk}u + word;
      let seen = corner + vec2<i32>(i32(place % ${across}u), i32(place / ${across}u));
      let pixel = ${node.padding === 'edge' ? 'clamp(seen, vec2(0), extent - 1)' : 'seen'};
      if (channels < ${inWords}u && all(pixel >= vec2(0)) && all(pixel < extent)) {
        tile[word * ${window}u + place] = from0[u32(pixel.y * extent.x + pixel.x) * ${inWords}u + channels];
      } else {
        tile[word * ${window}u + place] = constants[${at.border}u + channels].x;
      }
    }
    for (var first = 0u; first < ${kh}u; first += ${stage}u) {
      let start = ${at.weights}u + ((group.z * ${chunks}u + chunk) * ${kh}u + first) * ${kw * chunk * vectors}u;
      for (var i = lane; i < ${stageVectors}u; i += ${THREADS}u) { weights[i] = constants[start + i]; }
      workgroupBarrier();
      for (var ky = 0u; ky < ${stage}u; ky++) {
        for (var kx = 0u; kx < ${kw}u; kx++) {
          for (var word = 0u; word < ${chunk}u; word++) {
            let at = word * ${window}u + (row + first + ky) * ${across}u + column + kx;
            let weight = ((ky * ${kw}u + kx) * ${chunk}u + word) * ${vectors}u + part * ${words}u;
${outputs.map((j) => `            let w${j} = weights[weight + ${j}u];`).join('\n')}
${pixels.map((p) => `            let x${p} = tile[at + ${4 * p}u];`).join('\n')}
${isOdd ? oddSums(at, chunk, pixels) : ''}
${lines((p, j) => `            sum${p}_${j} += vec4(dot4(x${p}, w${j}.x), dot4(x${p}, w${j}.y), dot4(x${p}, w${j}.z), dot4(x${p}, w${j}.w));`)}
          }
        }
      }
      workgroupBarrier();
    }
  }
  let y = group.y * ${rows}u + row;
  let first = (group.z * ${parts}u + part) * ${words}u;
  if (y >= size.y) { return; }
  let sums = array<vec4<i32>, ${PIXELS * words}>(${pixels.flatMap((p) => outputs.map((j) => sum(p, j))).join(', ')});
  for (var i = 0u; i < ${PIXELS * words}u; i++) {
    let x = group.x * ${COLUMNS}u + column + (i / ${words}u) * 4u;
    let at = first + i % ${words}u;
    if (x >= size.x || at >= ${outWords}u) { continue; }
    let acc = ${input.spacing} * sums[i] + bitcast<vec4<i32>>(constants[${at.bias}u + at]);
    let to = (y * size.x + x) * ${outWords}u + at;
${Array.from({ length: tails }, (_, i) => `    to${i}[to] = tail${i}(acc, at);`).join('\n')}
  }
}
`;
}

const oddSums = ({ border }: Places, chunk: number, pixels: readonly number[]): string =>
  `            let ones = constants[${border}u + chunk * ${chunk}u + word].y;
${pixels.map((p) => `            all${p} += dot4(x${p}, ones);`).join('\n')}`;
