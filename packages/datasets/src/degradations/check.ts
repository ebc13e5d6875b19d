/**
 * Checks of degradations that come from outside.
 */
import { DatasetError } from '../error.js';
import type { Field } from './degradation.js';

/** Options by name, nothing known of them yet. */
export type Unchecked = Readonly<Record<string, unknown>>;

/**
 * Checks the options of a step against its fields.
 *
 * @param where kind of the step, for messages
 * @param checkNumber what a number's place may hold: {@link checkRange}, or more
 * @throws DatasetError naming the option
 */
export function checkFields(
  where: string,
  fields: Readonly<Record<string, Field>>,
  given: Unchecked,
  checkNumber: (where: string, name: string, value: unknown, low: number, high: number) => void,
): void {
  for (const name of Object.keys(given)) {
    if (name in fields) continue;
    const known = Object.keys(fields).join(', ');
    throw new DatasetError(where, `an option must be one of ${known}, got ${JSON.stringify(name)}`, 'correct its name');
  }
  for (const [name, field] of Object.entries(fields)) {
    const value = given[name];
    if (field.kind === 'number') {
      if (value !== undefined || !field.optional) checkNumber(where, name, value, field.low, field.high);
    } else if (value !== undefined) checkChoice(where, name, value, field);
  }
}

function checkChoice(where: string, name: string, value: unknown, field: Exclude<Field, { kind: 'number' }>): void {
  const words: readonly unknown[] = field.kind === 'switch' ? [true, false] : field.words;
  if (words.includes(value)) return;
  throw new DatasetError(where, `${name} must be ${words.join(' or ')}, got ${JSON.stringify(value)}`, 'correct it');
}

/** @throws DatasetError when a value is no number within its range */
export function checkRange(where: string, name: string, value: unknown, low: number, high: number): void {
  if (typeof value === 'number' && value >= low && value <= high) return;
  const got = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'nothing');
  throw new DatasetError(where, `${name} must be from ${low} to ${high}, got ${got}`, 'correct the degradation');
}

/** Rounds half up and clamps to 0..255. */
export function toByte(value: number): number {
  if (value <= 0) return 0;
  return value >= 255 ? 255 : Math.floor(value + 0.5);
}
