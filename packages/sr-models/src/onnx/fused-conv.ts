/**
 * A convolution and its requantization as `DequantizeLinear -> Conv -> QuantizeLinear`, which ONNX Runtime turns into one `QLinearConv`: int8 by uint8 products, int32 sums.
 *
 * Levels have scale 1, so the float between them counts levels; the factor of the requantization is the scale of the weights. ONNX Runtime then multiplies the int32 sum by
 * exactly that float32 factor.
 */
import type { Conv2dNode, RequantizeNode } from '@fqsr/runtime/format';
import { castTo } from './builder.js';
import { type ConvInput, convInput } from './conv-input.js';
import { clampStored, dequantize, type Exporting, factorsOf, quantize, share, storage } from './levels.js';

/** One convolution of a requantization: what each output channel's weights and bias are multiplied by, and the factor behind. */
interface Branch {
  readonly name: string;
  readonly signs: readonly (-1 | 0 | 1)[];
  readonly factors: Float32Array;
  /** What is stored for 0: what lies below -zero or above 255 - zero saturates. */
  readonly zero: number;
}

/** Whether QLinearConv can hold it: mid-tread grids, weights of int8 also where a negative slope turns them round. */
export function fitsFusedConv(exporting: Exporting, node: RequantizeNode, conv: Conv2dNode): boolean {
  const { levels, weights } = convInput(exporting, conv);
  const turned = slopesOf(exporting, node, conv)?.some((slope) => slope < 0) ?? false;
  const lowest = turned ? -127 : -128;
  return (
    !node.table &&
    node.grid.spacing !== 2 &&
    levels.spacing === 1 &&
    weights.every((weight) => weight >= lowest && weight <= 127)
  );
}

/**
 * Emits the operations. PReLU is a sum of parts that saturation keeps on their side of zero: `max(0, acc * m)`, `min(0, acc * n)` for channels of slope >= 0, and
 * `max(0, -acc * |n|)` for the others, each a convolution of its own: cheaper than sums of 32 bits in memory.
 *
 * @returns the uint8 tensor
 */
export function fusedConv(exporting: Exporting, node: RequantizeNode, conv: Conv2dNode): string {
  const input = convInput(exporting, conv);
  const { zero } = storage(node);
  const { outChannels } = conv;
  const factors = factorsOf(exporting, node, outChannels);
  const plain = { name: node.name, signs: Array<1>(outChannels).fill(1), factors, zero };
  const slopes = slopesOf(exporting, node, conv);
  if (!slopes) return clampStored(exporting, node, emit(exporting, conv, input, plain));
  const magnitudes = slopes.map(Math.abs);
  const branches: readonly Branch[] = [
    { ...plain, name: `${node.name}.positive`, zero: 0 },
    {
      name: `${node.name}.turned`,
      signs: Array.from(slopes, (slope) => (slope < 0 ? -1 : 0)),
      factors: magnitudes,
      zero: 0,
    },
    {
      name: `${node.name}.negative`,
      signs: Array.from(slopes, (slope) => (slope > 0 ? 1 : 0)),
      factors: magnitudes,
      zero: 255,
    },
  ];
  const [first, ...others] = branches.filter(
    ({ signs, zero: side }) => side === 255 || signs.some((sign) => sign !== 0),
  ) as [Branch, ...Branch[]];
  let sum = { tensor: emit(exporting, conv, input, first), zero: first.zero };
  for (const branch of others) {
    const part = { tensor: emit(exporting, conv, input, branch), zero: branch.zero };
    const parts = [sum, part].map((each) =>
      dequantize(exporting, { tensor: each.tensor, zeros: [each.zero], offset: 0, spacing: 1 }, 1, branch.name),
    );
    const added = exporting.builder.node('Add', `${branch.name}.sum`, parts);
    // Parts above zero come first, and their sum is one too; the last part is the one below.
    const to = branch === others.at(-1) ? zero : 0;
    sum = { tensor: quantize(exporting, added, to, node.name), zero: to };
  }
  return clampStored(exporting, node, sum.tensor);
}

/** Factors below zero, signed. */
function slopesOf(exporting: Exporting, node: RequantizeNode, conv: Conv2dNode): Float32Array | null {
  return node.negative ? factorsOf(exporting, node.negative, conv.outChannels) : null;
}

function emit(exporting: Exporting, conv: Conv2dNode, input: ConvInput, branch: Branch): string {
  const { builder } = exporting;
  const { outChannels } = conv;
  const { name, signs } = branch;
  const weights = storeWeights(exporting, conv, input.weights, signs);
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
    branch.factors.map((factor, o) => (signs[o] === 0 ? 1 : factor)),
  );
  const zeros = share(exporting, `int8 zeros ${outChannels}`, () =>
    builder.constant(`int8 zeros ${outChannels}`, 'int8', [outChannels], new Int8Array(outChannels)),
  );
  const biasZeros = share(exporting, `int32 zeros ${outChannels}`, () =>
    builder.constant(`int32 zeros ${outChannels}`, 'int32', [outChannels], new Int32Array(outChannels)),
  );
  const x = dequantize(exporting, input.levels, 1, name);
  const w = builder.node('DequantizeLinear', `${name}.weight`, [weights, scale, zeros], { axis: 0 });
  const b = builder.node('DequantizeLinear', `${name}.bias`, [bias, scale, biasZeros], { axis: 0 });
  const y = builder.node('Conv', `${name}.conv`, [x, w, b], { kernel_shape: conv.kernel, pads: input.pads });
  return quantize(exporting, y, branch.zero, name);
}

/** int8 weights, OIHW; stored as int4 where they fit and cast, which ONNX Runtime does once at load. */
function storeWeights(
  exporting: Exporting,
  { weight, kernel, inChannels, outChannels }: Conv2dNode,
  weights: Int16Array,
  signs: Branch['signs'],
): string {
  const { builder } = exporting;
  return share(exporting, `${weight} ${signs}`, () => {
    const size = weights.length / outChannels;
    const values = weights.map((value, i) => value * (signs[Math.floor(i / size)] as number));
    const dims = [outChannels, inChannels, ...kernel];
    if (!values.every((value) => value >= -8 && value <= 7)) return builder.constant(weight, 'int8', dims, values);
    return builder.node('Cast', `${weight}.int8`, [builder.constant(weight, 'int4', dims, values)], castTo('int8'));
  });
}
