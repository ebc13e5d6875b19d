/** The methods. A new one is a file beside this one and a line here. */
import { type ConventionName, conventionNames, conventions } from '@fqsr/metrics';
import { UsageError } from '../errors.js';
import { bicubicMethod } from './bicubic.js';
import { bicubicYMethod } from './bicubic-y.js';
import type { Method } from './method.js';

/** All methods by name. */
export const methods = {
  bicubic: bicubicMethod,
  'bicubic-y': bicubicYMethod,
} satisfies Record<string, Method>;

/** Name of a method. */
export type MethodName = keyof typeof methods;

/** The names of all methods. */
export const methodNames = Object.keys(methods) as readonly MethodName[];

/**
 * Checks that a method may be measured under a convention.
 *
 * @throws UsageError when the convention compares colours that the method does not make
 */
export function checkConvention(name: MethodName, convention: ConventionName): void {
  const { colours }: Method = methods[name];
  const fits = (each: ConventionName) => colours.includes(conventions[each].colour);
  if (fits(convention)) return;
  throw new UsageError(
    `--convention: must be one of ${conventionNames.filter(fits).join(', ')} for --method ${name}, got ${JSON.stringify(convention)} (or use --method bicubic)`,
  );
}
