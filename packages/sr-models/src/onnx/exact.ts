/**
 * The general way of a requantization, for what ONNX has no fused integer operation for: the accumulator as a number of float64, then its factor, its
 * rounding (`floor(x + 1/2)`; `floor(x / 2)` on mid-rise grids), and its table or clamp, one after another. An accumulator that is not clamped has at most 9 bits before
 * the point behind a factor of 31 bits: float64 holds every product that matters without rounding.
 */
import type { AddNode, Conv2dNode, RequantizeNode } from '@fqsr/runtime/format';
import { ModelError } from '../error.js';
import { castTo } from './builder.js';
import { convInput } from './conv-input.js';
import {
  clampStored,
  dequantize,
  type Exporting,
  factorsOf,
  factorValue,
  levelsOf,
  type Producer,
  quantize,
  share,
  storage,
  tensorOf,
  zeroOf,
} from './levels.js';

/** Emits the operations. @returns the uint8 tensor */
export function exactRequantize(exporting: Exporting, node: RequantizeNode, producer: Producer): string {
  const { builder } = exporting;
  const { name, grid, table } = node;
  const isOdd = grid.spacing === 2;
  const sum = share(exporting, `accumulator ${producer.name}`, () =>
    producer.op === 'conv2d' ? convolve(exporting, producer) : add(exporting, producer),
  );
  const scaled = builder.node('Mul', `${name}.scaled`, [sum, factors(exporting, node, sum)]);
  const shifted = isOdd ? scaled : builder.node('Add', `${name}.shifted`, [scaled, builder.scalar('double', 0.5)]);
  const whole = builder.node('Floor', `${name}.whole`, [shifted]);
  const { offset, zero } = storage(node);
  if (!table) {
    const narrow = builder.node('Cast', `${name}.narrow`, [whole], castTo('float'));
    return clampStored(exporting, node, quantize(exporting, narrow, zero, name));
  }
  const entries = tensorOf(exporting, table.levels);
  const levels = Array.from(entries, (level) => Math.min(node.qmax, Math.max(node.qmin, level)) - offset);
  const high = table.low + levels.length - 1;
  const ends = [builder.scalar('double', table.low), builder.scalar('double', high)];
  const clipped = builder.node('Clip', `${name}.clipped`, [whole, ...ends]);
  const index = builder.node('Sub', `${name}.position`, [clipped, builder.scalar('double', table.low)]);
  const position = builder.node('Cast', `${name}.index`, [index], castTo('int32'));
  return builder.node('Gather', name, [builder.constant(table.levels, 'uint8', [levels.length], levels), position]);
}

/** Factors as `[channels, 1, 1]`, chosen by the accumulator's sign where there are two; halved on mid-rise grids. */
function factors(exporting: Exporting, node: RequantizeNode, sum: string): string {
  const { builder } = exporting;
  const half = node.grid.spacing === 2 ? 0.5 : 1;
  const constant = (name: string, keys: { readonly multiplier: string; readonly shift: string }) => {
    const channels = tensorOf(exporting, keys.multiplier).length;
    const values = factorsOf(exporting, keys, channels).map((factor) => factorValue(factor) * half);
    return builder.constant(name, 'double', [channels, 1, 1], values);
  };
  const positive = constant(`${node.name}.factor`, node);
  if (!node.negative) return positive;
  const below = builder.node('Less', `${node.name}.below`, [sum, builder.scalar('double', 0)]);
  return builder.node('Where', `${node.name}.factors`, [
    below,
    constant(`${node.name}.negative`, node.negative),
    positive,
  ]);
}

/** `ConvInteger` on weights of uint8 with zero point 128, then bias: the int32 accumulator as float64. */
function convolve(exporting: Exporting, conv: Conv2dNode): string {
  const { builder } = exporting;
  const { name, kernel, inChannels, outChannels } = conv;
  const { levels, pads, weights, bias } = convInput(exporting, conv);
  if (!weights.every((weight) => weight >= -128 && weight <= 127)) {
    throw new ModelError(
      'toOnnx',
      `${conv.weight} must fit int8, got 8-bit mid-rise weights up to 255`,
      'use at most 7 bits for mid-rise weights, or mid-tread ones',
    );
  }
  const weight = builder.constant(
    conv.weight,
    'uint8',
    [outChannels, inChannels, ...kernel],
    weights.map((w) => w + 128),
  );
  const operands = [levels.tensor, weight, builder.scalar('uint8', zeroOf(levels, name)), builder.scalar('uint8', 128)];
  const products = builder.node('ConvInteger', `${name}.products`, operands, { kernel_shape: kernel, pads });
  // Mid-rise inputs: sum (2 (q - z) + 1) * w = 2 * sum (q - z) * w + sum w, also at borders, which count as q = z.
  const doubled =
    levels.spacing === 2 ? builder.node('Mul', `${name}.doubled`, [products, builder.scalar('int32', 2)]) : products;
  const size = weights.length / outChannels;
  const constants = bias.map((value, o) =>
    levels.spacing === 2 ? weights.subarray(o * size, (o + 1) * size).reduce((a, b) => a + b, value) : value,
  );
  const sum = builder.node('Add', name, [
    doubled,
    builder.constant(conv.bias, 'int32', [outChannels, 1, 1], constants),
  ]);
  return builder.node('Cast', `${name}.wide`, [sum], castTo('double'));
}

/** The sum of two stored tensors, exact in float32 already, as float64. */
function add(exporting: Exporting, { name, inputs }: AddNode): string {
  const { builder } = exporting;
  const parts = inputs.map((input) => {
    const levels = levelsOf(exporting, input);
    const steps = dequantize(exporting, levels, levels.spacing, name);
    return levels.spacing === 2 ? builder.node('Add', `${name}.odd`, [steps, builder.scalar('float', 1)]) : steps;
  });
  return builder.node('Cast', `${name}.wide`, [builder.node('Add', name, parts)], castTo('double'));
}
