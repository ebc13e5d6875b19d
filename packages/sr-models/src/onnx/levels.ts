/**
 * How levels stand in an ONNX graph: as uint8, NCHW, counted from the lowest level that the tensor can take (or from the zero point, where that is lower).
 * So QuantizeLinear's saturation at 0 is the lower clamp of every grid, ReLU's included, and one unsigned type serves all of them.
 */
import type {
  AddNode,
  Conv2dNode,
  FactorKeys,
  IntegerModel,
  IntegerTensor,
  RequantizeNode,
} from '@fqsr/runtime/format';
import { ModelError } from '../error.js';
import type { Builder } from './builder.js';
import type { ExactFactor } from './float-factor.js';

/** A stored tensor: `level = stored + offset`. */
export interface Levels {
  /** The uint8 tensor. */
  readonly tensor: string;
  readonly offset: number;
  /** What is stored for the grid's zero point, 0..255; one for each channel of the image. */
  readonly zeros: readonly number[];
  /** Whether the grid is mid-rise: `value = 2 * (stored - zero) + 1`. */
  readonly spacing: 1 | 2;
  /** The largest number that is stored for a level, 0..255. */
  readonly largest: number;
}

/** `exact`: every level is the runtime's; `fused`: fused operations wherever there are any. */
export type OnnxRounding = 'exact' | 'fused';

/** An export under way. */
export interface Exporting {
  readonly rounding: OnnxRounding;
  readonly model: IntegerModel;
  readonly builder: Builder;
  /** Stored tensors by the name of their node. */
  readonly levels: Map<string, Levels>;
  /** Tensors that several readers share, by what they are. */
  readonly shared: Map<string, string>;
}

/** What makes an accumulator. */
export type Producer = Conv2dNode | AddNode;

/** A tensor that is made once and read by all who ask for the same key. */
export function share({ shared }: Exporting, key: string, make: () => string): string {
  const known = shared.get(key);
  if (known !== undefined) return known;
  const made = make();
  shared.set(key, made);
  return made;
}

/** The stored tensor of a node. */
export function levelsOf({ levels }: Exporting, name: string): Levels {
  return levels.get(name) as Levels;
}

/** The one zero of a stored tensor. @throws ModelError where channels differ */
export function zeroOf({ zeros }: Levels, reader: string): number {
  const [zero = 0] = zeros;
  if (zeros.every((each) => each === zero)) return zero;
  throw new ModelError(
    'toOnnx',
    `${reader} must read a tensor of one zero point, got the image with ${zeros.join('/')}`,
    'let a convolution read the image',
  );
}

/** A constant of the model. */
export function tensorOf({ model }: Exporting, key: string): IntegerTensor {
  return model.tensors[key] as IntegerTensor;
}

/** The factors `m / 2^n` of a requantization, one for each of `channels`. */
export function factorsOf(exporting: Exporting, keys: FactorKeys, channels: number): readonly ExactFactor[] {
  const multipliers = tensorOf(exporting, keys.multiplier);
  const shifts = tensorOf(exporting, keys.shift);
  return Array.from({ length: channels }, (_, channel) => {
    const at = multipliers.length > 1 ? channel : 0;
    return { multiplier: multipliers[at] as number, shift: shifts[at] as number };
  });
}

/** A factor as a number, exact in float64; in float32 too where a graph was lowered. */
export function factorValue({ multiplier, shift }: ExactFactor): number {
  return multiplier * 2 ** -shift;
}

/** Where a requantization's levels are stored: counted from `offset`, between `low` and `high`. */
export function storage({ grid, qmin, qmax }: Pick<RequantizeNode, 'grid' | 'qmin' | 'qmax'>) {
  const offset = Math.min(qmin, grid.zeroPoint);
  return { offset, zero: grid.zeroPoint - offset, low: qmin - offset, high: qmax - offset };
}

/** What saturation leaves of the clamp. @param tensor uint8, saturated to 0..255 */
export function clampStored({ builder }: Exporting, node: RequantizeNode, tensor: string): string {
  const { low, high } = storage(node);
  if (low === 0 && high === 255) return tensor;
  const bounds = [low > 0 ? builder.scalar('uint8', low) : '', ...(high < 255 ? [builder.scalar('uint8', high)] : [])];
  return builder.node('Clip', node.name, [tensor, ...bounds]);
}

/** `DequantizeLinear` of levels with one scale: `(stored - zero) * scale`. */
export function dequantize({ builder }: Exporting, levels: Levels, scale: number, reader: string): string {
  return builder.node('DequantizeLinear', `${reader}.dq`, [
    levels.tensor,
    builder.scalar('float', scale),
    builder.scalar('uint8', zeroOf(levels, reader)),
  ]);
}

/** `QuantizeLinear` with scale 1: `saturate(round(x) + zero)`, uint8. */
export function quantize({ builder }: Exporting, x: string, zero: number, name: string): string {
  return builder.node('QuantizeLinear', name, [x, builder.scalar('float', 1), builder.scalar('uint8', zero)]);
}
