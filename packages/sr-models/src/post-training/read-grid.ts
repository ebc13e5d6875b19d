/** The grid of a quantizer from its parameters. */
import { gridOf, quantizerByName, scaled } from '@fqsr/quant-core';
import type { QuantSpec } from '@fqsr/quant-core/spec';
import * as tf from '@tensorflow/tfjs';
import type { Params } from '../params.js';

/** A grid as numbers. */
export interface GridNumbers {
  readonly steps: Float32Array;
  readonly zeroPoints: Float32Array | null;
  /** Whether values are rounded and read by the same step, as they are. */
  readonly plain: boolean;
}

/** @param prefix of the quantizer's parameters @param channels of the tensor */
export function readGrid(prefix: string, spec: QuantSpec, params: Params, channels: number): GridNumbers {
  const floats = (tensor: tf.Tensor) => Float32Array.from(tensor.dataSync());
  let numbers: GridNumbers = { steps: Float32Array.of(1), zeroPoints: null, plain: true };
  tf.tidy(() => {
    const own = Object.keys(quantizerByName(spec.quantizer).params).map((param) => {
      return [param, tf.tensor1d(params.get(`${prefix}.${param}`) as Float32Array)] as const;
    });
    const { step, zeroPoint, scale, prepare } = gridOf(Object.fromEntries(own), spec, scaled(tf.zeros([1, channels])));
    const read = scale ?? step;
    numbers = {
      steps: read ? floats(read) : numbers.steps,
      zeroPoints: zeroPoint ? floats(zeroPoint) : null,
      plain: !scale && !prepare,
    };
  });
  return numbers;
}
