import { QuantError } from '../error.js';
import type { QuantSpec } from '../quant-spec.js';

/** A grid for one tensor, or one of its channels. */
export interface Fit {
  /** > 0, a normal float32; on mid-rise grids half the distance between neighbours. */
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
  /**
   * Takes in what another observer of the same calibration has seen, as if it had been seen here: the states of parts, merged in any order and grouping,
   * are the state of one stream, bit for bit.
   *
   * @throws QuantError for a state of another calibration; nothing is taken in then
   */
  readonly merge: (other: ObserverState) => void;
  /** What was seen, as plain data that survives JSON; {@link Calibration.create} goes on from it. */
  readonly state: () => ObserverState;
}

/** Numbers and texts by name. */
export type ObserverState = Readonly<Record<string, number | string>>;

/** A way to find the range of a tensor. */
export interface Calibration {
  readonly name: string;
  readonly description: string;
  /**
   * A fresh observer, or one that goes on from a saved state of the same calibration.
   *
   * @throws QuantError for a state of another calibration
   */
  readonly create: (saved?: ObserverState) => Observer;
}

/** The least and the greatest of a batch and of 0. */
export interface Extent {
  /** <= 0 */
  readonly low: number;
  /** >= 0 */
  readonly high: number;
}

/** The extent of a batch; both ends are 0 when it is empty. @throws QuantError for NaN and infinity */
export function extentOf(values: Float32Array): Extent {
  let low = 0;
  let high = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    // A comparison with NaN is false.
    if (!(value > Number.NEGATIVE_INFINITY && value < Number.POSITIVE_INFINITY)) {
      throw new QuantError('observe', `values must be finite, got ${value} at ${i}`, 'the network diverges');
    }
    if (value > high) high = value;
    else if (value < low) low = value;
  }
  return { low, high };
}

/** A number of a state. @throws QuantError when it is none, or fails the test */
export function numberOf(state: ObserverState, field: string, holds: (value: number) => boolean): number {
  const value = state[field];
  if (typeof value === 'number' && Number.isFinite(value) && holds(value)) return value;
  throw badState(field, value);
}

/** A text of a state. @throws QuantError when it is none, or fails the test */
export function textOf(state: ObserverState, field: string, holds: (value: string) => boolean): string {
  const value = state[field];
  if (typeof value === 'string' && holds(value)) return value;
  throw badState(field, value);
}

/** Whether a number counts something. */
export const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

export function badState(field: string, value: unknown): QuantError {
  const got = String(value).slice(0, 40);
  return new QuantError('Observer', `state must hold a valid ${field}, got ${got}`, 'use a state of this calibration');
}
