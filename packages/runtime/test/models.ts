/** Integer models built from random integers, for tests and benchmarks. */
import { deriveMultiplier } from '@fqsr/quant-core/spec';
import type { Image } from '../src/image.js';
import type { IntegerModel, IntegerNode, IntegerTensor, LevelGrid } from '../src/model.js';
import { randomIntegers } from './random.js';

export type Random = ReturnType<typeof randomIntegers>;

/** Collects nodes and tensors; each method returns the name of the node it appends. */
export function modelBuilder(seed: number) {
  const random = randomIntegers(seed);
  const nodes: IntegerNode[] = [];
  const tensors: Record<string, IntegerTensor> = {};
  const push = (node: IntegerNode) => {
    nodes.push(node);
    return node.name;
  };
  return {
    random,
    nodes,
    tensors,
    input: (zeroPoint: readonly number[] = [114, 111, 103]) =>
      push({ op: 'input', name: 'image', channels: 3, zeroPoint }),
    conv2d(
      name: string,
      input: string,
      [inChannels, outChannels]: readonly [number, number],
      { kernel = [3, 3], bits = 8, extreme = false, odd = false, edge = false }: ConvOptions = {},
    ) {
      const low = -(2 ** (bits - 1));
      const count = kernel[0] * kernel[1] * inChannels * outChannels;
      const draw = extreme ? () => (random(0, 1) ? low : -low - 1) : () => random(low, -low - 1);
      tensors[`${name}.weight`] = odd
        ? Int16Array.from({ length: count }, () => 2 * draw() + 1)
        : Int8Array.from({ length: count }, draw);
      tensors[`${name}.bias`] = Int32Array.from({ length: outChannels }, () => random(-5000, 5000));
      const keys = { weight: `${name}.weight`, bias: `${name}.bias` };
      return push({
        op: 'conv2d',
        name,
        input,
        kernel,
        inChannels,
        outChannels,
        ...keys,
        weightBits: bits,
        ...(odd ? { weightSpacing: 2 } : {}),
        ...(edge ? { padding: 'edge' } : {}),
      });
    },
    requantize(
      name: string,
      input: string,
      { factor, channels = 1, grid = levels(8, true), relu = false }: RequantizeOptions,
    ) {
      const factors = Array.from({ length: channels }, () => deriveMultiplier(factor * (random(50, 200) / 100)));
      tensors[`${name}.multiplier`] = Int32Array.from(factors, ({ multiplier }) => multiplier);
      tensors[`${name}.shift`] = Uint8Array.from(factors, ({ shift }) => shift);
      const keys = { multiplier: `${name}.multiplier`, shift: `${name}.shift` };
      const low = grid.signed ? -(2 ** (grid.bits - 1)) : 0;
      const high = low + 2 ** grid.bits - 1;
      return push({ op: 'requantize', name, input, ...keys, grid, qmin: relu ? grid.zeroPoint : low, qmax: high });
    },
    add: (name: string, a: string, b: string) => push({ op: 'add', name, inputs: [a, b] }),
    pixelShuffle: (name: string, input: string, factor: number, order: 'dcr' | 'crd' = 'crd') =>
      push({ op: 'pixelShuffle', name, input, factor, order }),
    output: (input: string) => push({ op: 'output', name: 'result', input }),
    build: (scale: number, name = 'test'): IntegerModel => ({
      name,
      scale,
      nodes,
      tensors,
      metadata: { seed: String(seed) },
    }),
  };
}

interface ConvOptions {
  readonly kernel?: readonly [number, number];
  readonly bits?: number;
  /** Only the lowest and highest weight. */
  readonly extreme?: boolean;
  /** On a mid-rise grid. */
  readonly odd?: boolean;
  /** Padded with the nearest pixels. */
  readonly edge?: boolean;
}

interface RequantizeOptions {
  /** Mean real factor. */
  readonly factor: number;
  readonly channels?: number;
  readonly grid?: LevelGrid;
  readonly relu?: boolean;
}

export function levels(bits: number, signed: boolean, zeroPoint = 0, scale = 0.5): LevelGrid {
  return { bits, signed, zeroPoint, scale };
}

/** A mid-rise grid, of values on both sides of zero or on one. */
export function midrise(bits: number, signed: boolean, scale = 0.5): LevelGrid {
  return { bits, signed: false, zeroPoint: signed ? 2 ** (bits - 1) : 0, spacing: 2, scale };
}

/** The grid of an image. */
export const imageGrid: LevelGrid = { bits: 8, signed: false, zeroPoint: 0, scale: 1 };

/** EDSR of `blocks` residual blocks with random weights: long and short skips on one signed grid, a pixel shuffle, an output around grey. */
export function edsr({
  seed = 1,
  features = 8,
  blocks = 2,
  scale = 2,
  weightBits = 4,
  bits = 4,
  skipBits = 8,
}): IntegerModel {
  const b = modelBuilder(seed);
  const skip = levels(skipBits, true, 0, 0.25);
  const act = levels(bits, true, 0, 1);
  const positive = levels(bits, false, 0, 1);
  const gain = (channels: number, inputBits: number, outBits: number) =>
    2 ** (outBits - inputBits - weightBits + 1) / Math.sqrt(9 * channels);
  const conv = (name: string, input: string, io: readonly [number, number]) =>
    b.conv2d(name, input, io, { bits: weightBits });
  conv('head', b.input(), [3, features]);
  let trunk = b.requantize('head.skip', 'head', { factor: gain(3, 8, skipBits), channels: features, grid: skip });
  let acts = b.requantize('head.act', 'head', { factor: gain(3, 8, bits), grid: act });
  for (let i = 0; i < blocks; i++) {
    const path = `body.${i}`;
    conv(`${path}.conv1`, acts, [features, features]);
    b.requantize(`${path}.relu`, `${path}.conv1`, {
      factor: gain(features, bits, bits),
      channels: features,
      grid: positive,
      relu: true,
    });
    conv(`${path}.conv2`, `${path}.relu`, [features, features]);
    b.requantize(`${path}.branch`, `${path}.conv2`, {
      factor: gain(features, bits, skipBits),
      channels: features,
      grid: skip,
    });
    b.add(`${path}.sum`, `${path}.branch`, trunk);
    if (i < blocks - 1) trunk = b.requantize(`${path}.skip`, `${path}.sum`, { factor: 0.7, grid: skip });
    acts = b.requantize(`${path}.act`, `${path}.sum`, { factor: 2 ** (bits - skipBits), grid: act });
  }
  conv('body.last', acts, [features, features]);
  b.requantize('body.last.branch', 'body.last', { factor: gain(features, bits, skipBits), grid: skip });
  b.add('long', 'body.last.branch', 'head.skip');
  b.requantize('long.act', 'long', { factor: 2 ** (bits - skipBits), grid: act });
  conv('up', 'long.act', [features, features * scale * scale]);
  b.requantize('up.act', 'up', { factor: gain(features, bits, bits), grid: act });
  b.pixelShuffle('shuffle', 'up.act', scale);
  conv('tail', 'shuffle', [features, 3]);
  // The mean grey of the output stands in the bias.
  const factor = gain(features, bits, 8);
  b.tensors['tail.bias'] = Int32Array.from({ length: 3 }, () => Math.round(128 / factor));
  b.requantize('tail.image', 'tail', { factor, grid: imageGrid, channels: 3 });
  b.output('tail.image');
  return b.build(scale, `edsr-f${features}b${blocks}-x${scale}-w${weightBits}a${bits}s${skipBits}`);
}

/** An image of random bytes. */
export function randomImage(seed: number, width: number, height: number): Image {
  const random = randomIntegers(seed);
  return { width, height, channels: 3, data: Uint8Array.from({ length: width * height * 3 }, () => random(0, 255)) };
}
