import { DatasetError } from '../error.js';

/** @throws DatasetError when a number is not within its range */
export function checkRange(where: string, name: string, value: number, low: number, high: number): void {
  if (value >= low && value <= high) return;
  throw new DatasetError(where, `${name} must be from ${low} to ${high}, got ${value}`, 'correct the degradation');
}

/** Rounds half up and clamps to 0..255. */
export function toByte(value: number): number {
  if (value <= 0) return 0;
  return value >= 255 ? 255 : Math.floor(value + 0.5);
}
