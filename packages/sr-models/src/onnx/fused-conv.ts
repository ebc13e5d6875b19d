/**
 * A convolution and its requantization as `DequantizeLinear -> Conv -> QuantizeLinear`, which ONNX Runtime turns into one `QLinearConv`: int8 by uint8 products, int32 sums.
 *
 * Levels have scale 1, so the float between them counts levels; the factor of the requantization is the scale of the weights, which ONNX Runtime multiplies the int32 sum by in
 * float32: see `float-factor.ts`.
 */
import type { Conv2dNode, RequantizeNode } from '@fqsr/runtime/format';
import { castTo } from './builder.js';
import { type ConvInput, convInput } from './conv-input.js';
import { type ExactFactor, type FloatFactor, floatFactor } from './float-factor.js';
import { clampStored, dequantize, type Exporting, factorsOf, type Levels, quantize, share, storage } from './levels.js';

/** Largest sum of two products that 16 bits hold. */
const PAIR = 2 ** 15 - 1;

/** One convolution of a requantization: what each output channel's weights and bias are multiplied by, and the factor behind. */
interface Branch {
  readonly name: string;
  readonly signs: readonly (-1 | 0 | 1)[];
  readonly factors: readonly FloatFactor[];
  /** What is stored for 0: what lies below -zero or above 255 - zero saturates. */
  readonly zero: number;
}

/** The convolutions of a requantization. */
export interface FusedConv {
  readonly conv: Conv2dNode;
  readonly branches: readonly Branch[];
}

/**
 * How QLinearConv can hold a requantization; null where it cannot: mid-rise grids, tables, weights beyond int8 (-127 and up where a negative slope turns them round), and where a level would not be
 * the runtime's though it must.
 *
 * PReLU is a sum of parts that saturation keeps on their side of zero: `max(0, acc * m)`, `max(0, -acc * |n|)` for channels of slope below zero, and `min(0, acc * n)` for the others,
 * each a convolution of its own: cheaper than sums of 32 bits in memory.
 */
export function planFusedConv(exporting: Exporting, node: RequantizeNode, conv: Conv2dNode): FusedConv | null {
  const { levels, weights } = convInput(exporting, conv);
  if (node.table || node.grid.spacing === 2 || levels.spacing === 2) return null;
  const slopes = node.negative ? factorsOf(exporting, node.negative, conv.outChannels) : null;
  const lowest = slopes?.some(({ multiplier }) => multiplier < 0) ? -127 : -128;
  if (!weights.every((weight) => weight >= lowest && weight <= 127)) return null;
  const branches = branchesOf(exporting, node, conv, slopes);
  const misplaces = branches.some(({ factors }) => factors.some(({ misplaced }) => misplaced > 0));
  return exporting.rounding === 'exact' && misplaces ? null : { conv, branches };
}

function branchesOf(
  exporting: Exporting,
  node: RequantizeNode,
  { outChannels }: Conv2dNode,
  slopes: readonly ExactFactor[] | null,
): readonly Branch[] {
  const { name, grid, qmin, qmax } = node;
  const [low, high] = [qmin - grid.zeroPoint, qmax - grid.zeroPoint];
  const upper = factorsOf(exporting, node, outChannels);
  const signs = Array<1>(outChannels).fill(1);
  if (!slopes) {
    return [{ name, signs, factors: upper.map((each) => floatFactor(each, low, high)), zero: storage(node).zero }];
  }
  const side = (suffix: string, sign: -1 | 1, from: number, to: number, zero: number): Branch => {
    const own = slopes.map(({ multiplier }) => (Math.sign(multiplier) === sign ? sign : 0));
    const factors = slopes.map(({ multiplier, shift }, o) =>
      own[o] === 0 ? unused : floatFactor({ multiplier: Math.abs(multiplier), shift }, from, to),
    );
    return { name: `${name}.${suffix}`, signs: own, factors, zero };
  };
  const positive = {
    name: `${name}.positive`,
    signs,
    factors: upper.map((each) => floatFactor(each, Math.max(0, low), high)),
    zero: 0,
  };
  const turned = side('turned', -1, Math.max(0, low), high, 0);
  return [positive, ...(turned.signs.includes(-1) ? [turned] : []), side('negative', 1, low, Math.min(0, high), 255)];
}

/** Of a channel whose weights are zero. */
const unused: FloatFactor = { factor: 1, misplaced: 0 };

/** Emits the operations. @returns the uint8 tensor */
export function fusedConv(exporting: Exporting, node: RequantizeNode, { conv, branches }: FusedConv): string {
  const input = convInput(exporting, conv);
  const parts: readonly Levels[] = branches.map((branch) => ({
    tensor: emit(exporting, conv, input, branch),
    zeros: [branch.zero],
    offset: 0,
    spacing: 1,
    largest: 255,
  }));
  const [first, ...others] = parts as readonly [Levels, ...Levels[]];
  let sum = first;
  for (const part of others) {
    const both = [sum, part].map((each) => dequantize(exporting, each, 1, node.name));
    const added = exporting.builder.node('Add', `${node.name}.sum`, both);
    // Parts above zero come first, and their sum is one too; the last part is the one below.
    const zero = part === others.at(-1) ? storage(node).zero : 0;
    sum = { ...part, tensor: quantize(exporting, added, zero, node.name), zeros: [zero] };
  }
  return clampStored(exporting, node, sum.tensor);
}

function emit(exporting: Exporting, conv: Conv2dNode, input: ConvInput, branch: Branch): string {
  const { builder } = exporting;
  const { outChannels } = conv;
  const { name, signs } = branch;
  const weights = storeWeights(exporting, conv, input, signs);
  const bias = share(exporting, `${conv.bias} ${signs}`, () =>
    builder.constant(
      conv.bias,
      'int32',
      [outChannels],
      input.bias.map((value, o) => value * (signs[o] as number)),
    ),
  );
  const scale = builder.constant(
    `${name}.scale`,
    'float',
    [outChannels],
    branch.factors.map(({ factor }) => factor),
  );
  const zeros = share(exporting, `${weights.type} zeros ${outChannels}`, () =>
    builder.constant(
      `${weights.type} zeros ${outChannels}`,
      weights.type,
      [outChannels],
      Array(outChannels).fill(weights.zero),
    ),
  );
  const biasZeros = share(exporting, `int32 zeros ${outChannels}`, () =>
    builder.constant(`int32 zeros ${outChannels}`, 'int32', [outChannels], new Int32Array(outChannels)),
  );
  const x = dequantize(exporting, input.levels, 1, name);
  const w = builder.node('DequantizeLinear', `${name}.weight`, [weights.tensor, scale, zeros], { axis: 0 });
  const b = builder.node('DequantizeLinear', `${name}.bias`, [bias, scale, biasZeros], { axis: 0 });
  const y = builder.node('Conv', `${name}.conv`, [x, w, b], { kernel_shape: conv.kernel, pads: input.pads });
  return quantize(exporting, y, branch.zero, name);
}

/** Weights as a tensor, OIHW. */
interface StoredWeights {
  readonly tensor: string;
  readonly type: 'int8' | 'uint8';
  /** What is stored for 0. */
  readonly zero: 0 | 128;
}

/**
 * int8, stored as int4 where they fit and cast, which ONNX Runtime does once at load. Where two products of int8 weights may exceed 16 bits, uint8 counted from -128: x86-64 processors
 * without VNNI add products of uint8 and int8 in pairs of 16 bits, which saturate.
 */
function storeWeights(
  exporting: Exporting,
  { weight, kernel, inChannels, outChannels }: Conv2dNode,
  { weights, levels: { largest } }: ConvInput,
  signs: Branch['signs'],
): StoredWeights {
  const { builder } = exporting;
  const size = weights.length / outChannels;
  const values = weights.map((value, i) => value * (signs[Math.floor(i / size)] as number));
  const dims = [outChannels, inChannels, ...kernel];
  const make = (): string => {
    if (saturates)
      return builder.constant(
        weight,
        'uint8',
        dims,
        values.map((value) => value + 128),
      );
    if (!values.every((value) => value >= -8 && value <= 7)) return builder.constant(weight, 'int8', dims, values);
    return builder.node('Cast', `${weight}.int8`, [builder.constant(weight, 'int4', dims, values)], castTo('int8'));
  };
  const saturates = 2 * largest * values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) > PAIR;
  const tensor = share(exporting, `${weight} ${signs}`, make);
  return saturates ? { tensor, type: 'uint8', zero: 128 } : { tensor, type: 'int8', zero: 0 };
}
