/** Choices and values of the fuzz. */
import type { Random } from '../models.js';

/** One of some items. */
export function pick<T>(random: Random, items: readonly T[]): T {
  return items[random(0, items.length - 1)] as T;
}

/** Numbers at and beyond the format's bounds. */
export const numbers: readonly number[] = [
  -(2 ** 53), -(2 ** 31), -129, -128, -1, -0.5, 0, 0.5, 1, 2, 2.0000001, 3, 4, 7, 8, 9, 15, 16, 17, 62, 63, 127, 128, 255, 256, 1023, 1024, 1025, 4096, 4097,
  65535, 2 ** 24, 2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 53 + 2, 1e300,
]; // biome-ignore format: a list

/** Names that objects know already, and names that are none. */
export const names: readonly string[] = [
  '',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '__metadata__',
  '\u0000',
  '\ud800',
  '0',
  'x'.repeat(256),
  'x'.repeat(257),
  'x'.repeat(5000),
  'image',
  'head.weight',
];

/** Values of any type. */
export function anyValue(random: Random): unknown {
  const kind = random(0, 9);
  if (kind < 5) return pick(random, numbers);
  if (kind < 7) return pick(random, names);
  return pick(random, [
    null,
    true,
    false,
    [],
    {},
    [1, 2],
    [[[]]],
    { a: 1 },
    new Array(3).fill(255),
    JSON.parse('{"__proto__":{"bits":8}}'),
  ]);
}

/** Every place in a JSON value: the object or array, and the key in it. */
export function placesOf(value: unknown): readonly (readonly [object, string])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.keys(value).flatMap((key) => [[value, key] as const, ...placesOf(Reflect.get(value, key))]);
}
