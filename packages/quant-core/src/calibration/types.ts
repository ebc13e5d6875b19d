import { QuantError } from '../error.js';
import type { QuantSpec } from '../quant-spec.js';

/** A grid for one tensor, or one of its channels. */
export interface Fit {
  /** > 0; on mid-rise grids half the distance between neighbours. */
  readonly step: number;
  /** The level that stands for 0: 0 where the spec is not affine. */
  readonly zeroPoint: number;
}

/** A running range observer: watches the values that a tensor takes and suggests the grid that fits them. */
export interface Observer {
  /** Takes in one more batch of finite values. @throws QuantError for NaN and infinity; nothing is taken in then */
  readonly observe: (values: Float32Array) => void;
  /** The grid that suits what was seen; a tensor that was always zero gets step 1. */
  readonly fit: (spec: QuantSpec) => Fit;
  /** Takes in what another observer of the same calibration has seen, as if it had been seen here. */
  readonly merge: (other: ObserverState) => void;
  /** What was seen, as plain data that survives JSON; {@link Calibration.create} goes on from it. */
  readonly state: () => ObserverState;
}

/** Numbers by name. */
export type ObserverState = Readonly<Record<string, number | readonly number[]>>;

/** A way to find the range of a tensor. */
export interface Calibration {
  readonly name: string;
  readonly description: string;
  /** A fresh observer, or one that goes on from a saved state of the same calibration. */
  readonly create: (saved?: ObserverState) => Observer;
}

/** The largest magnitude of a batch; 0 when it is empty. @throws QuantError for NaN and infinity */
export function largestMagnitude(values: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i] as number);
    // A comparison with NaN is false.
    if (!(magnitude < Number.POSITIVE_INFINITY)) {
      throw new QuantError('observe', `values must be finite, got ${values[i]} at ${i}`, 'the network diverges');
    }
    if (magnitude > largest) largest = magnitude;
  }
  return largest;
}
