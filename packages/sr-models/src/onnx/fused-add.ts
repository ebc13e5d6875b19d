/** A skip and its requantization as `DequantizeLinear x 2 -> Add -> QuantizeLinear`, which ONNX Runtime turns into one `QLinearAdd`. */
import type { AddNode, RequantizeNode } from '@fqsr/runtime/format';
import {
  clampStored,
  dequantize,
  type Exporting,
  factorsOf,
  factorValue,
  levelsOf,
  quantize,
  storage,
  tensorOf,
} from './levels.js';

/** Largest magnitude of a sum of two differences of 8-bit levels. */
const LARGEST = 510;
/** Three rounded float32 terms, of magnitudes that add up to less than `2^10 * max(1, factor)`: what QLinearAdd may be off by, in levels. */
const margin = (factor: number): number => 3 * 2 ** -24 * 2 ** 10 * Math.max(1, factor);

/** Whether QLinearAdd gives the very levels: one factor for all channels, and no sum so near a tie that float32 could fall on the other side. */
export function fitsFusedAdd(exporting: Exporting, node: RequantizeNode, add: AddNode): boolean {
  const isMidtread = add.inputs.every((input) => levelsOf(exporting, input).spacing === 1);
  if (!isMidtread || node.negative || node.table || node.grid.spacing === 2) return false;
  if (tensorOf(exporting, node.multiplier).length > 1) return false;
  const [factor = 0] = factorsOf(exporting, node, 1).map(factorValue);
  for (let sum = 1; sum <= LARGEST && sum * factor < 257; sum++) {
    const value = sum * factor;
    if (Math.abs(value - Math.floor(value) - 0.5) < margin(factor)) return false;
  }
  return true;
}

/** Emits the operations. @returns the uint8 tensor */
export function fusedAdd(exporting: Exporting, node: RequantizeNode, add: AddNode): string {
  const [factor = 0] = factorsOf(exporting, node, 1).map(factorValue);
  const inputs = add.inputs.map((input) => dequantize(exporting, levelsOf(exporting, input), factor, node.name));
  const sum = exporting.builder.node('Add', `${node.name}.sum`, inputs);
  return clampStored(exporting, node, quantize(exporting, sum, storage(node).zero, node.name));
}
