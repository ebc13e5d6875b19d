/**
 * The command contract: a command is one object in one file, and a line in the registry. Its options are a schema, which gives the flags, their help, the checks of `--config` files
 * and their JSON schema.
 */
import { z } from 'zod';
import { UsageError } from './errors.js';
import type { Io } from './io.js';
import { closest } from './suggest.js';

/** What a command gives back. */
export interface Result {
  /** The document of `--json`. */
  readonly json: unknown;
  /** The same for people. */
  readonly text: string;
  /** 1 when the answer itself is a failure, such as an audit that finds a float tensor. */
  readonly exitCode?: 0 | 1;
  /** The result itself went to stdout, and what is said of it goes to stderr. */
  readonly stdoutTaken?: boolean;
}

/** Positional arguments, by commander's notation: `<input...>`, `[model]`. */
export interface Argument {
  readonly name: string;
  readonly description: string;
  /** All values, where they can be counted. */
  readonly choices?: readonly string[];
}

/** A command. */
export interface Command<Options extends z.ZodRawShape = z.ZodRawShape> {
  readonly arguments: readonly Argument[];
  readonly options: z.ZodObject<Options>;
  readonly example: string;
  readonly run: (args: readonly string[], options: z.infer<z.ZodObject<Options>>, io: Io) => Promise<Result>;
}

/** Any command. */
export type AnyCommand = Omit<Command, 'run' | 'options'> & {
  readonly options: z.ZodObject;
  readonly run: (args: readonly string[], options: never, io: Io) => Promise<Result>;
};

/** A command in the registry: what the list of commands says of it, and where the rest is. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<AnyCommand>;
}

/** Keeps the types of options and run together. */
export function defineCommand<Options extends z.ZodRawShape>(command: Command<Options>): Command<Options> {
  return command;
}

/** A flag's place in the help: its value's name, and a letter. */
export interface FlagMeta {
  readonly description: string;
  readonly value?: string;
  readonly short?: string;
}

/** A text option. */
export const text = (meta: FlagMeta) =>
  z
    .string()
    .min(1)
    .meta({ ...meta });

/** A whole-number option. */
export const whole = (meta: FlagMeta, low: number, high: number) =>
  z.coerce
    .number()
    .int()
    .min(low)
    .max(high)
    .meta({ ...meta });

/** A number option. */
export const real = (meta: FlagMeta, low: number, high: number) =>
  z.coerce
    .number()
    .min(low)
    .max(high)
    .meta({ ...meta });

/** A switch. */
export const flag = (meta: FlagMeta) =>
  z
    .boolean()
    .default(false)
    .meta({ ...meta });

/** `camelCase` to `--kebab-case`. */
export function flagName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * Options from a config file under options from the command line.
 *
 * @throws UsageError naming the flag, what it must be and what it is
 */
export function parseOptions<Options extends z.ZodRawShape>(
  schema: z.ZodObject<Options>,
  fromFile: Readonly<Record<string, unknown>>,
  fromLine: Readonly<Record<string, unknown>>,
): z.infer<z.ZodObject<Options>> {
  const given: Record<string, unknown> = { ...fromFile, ...fromLine };
  const parsed = z.strictObject(schema.shape).safeParse(given);
  if (parsed.success) return parsed.data as z.infer<z.ZodObject<Options>>;
  const issue = parsed.error.issues[0];
  if (issue?.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const known = Object.keys(schema.shape);
    const meant = closest(key, known);
    throw new UsageError(
      `config: "${key}" is no option (use one of ${known.join(', ')})${meant === null ? '' : `. Did you mean ${meant}?`}`,
    );
  }
  const key = String(issue?.path[0]);
  // What a transformation refuses says all of it.
  if (issue?.code === 'custom') throw new UsageError(`${flagName(key)}: ${issue.message}`);
  const got = key in given ? JSON.stringify(given[key]) : 'nothing';
  throw new UsageError(`${flagName(key)}: ${constraint(issue)}, got ${got} (see --help)`);
}

function constraint(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === 'invalid_union') {
    // Of all readings, the one that got furthest.
    const [deepest] = issue.errors.flat().sort((a, b) => b.path.length - a.path.length);
    return deepest ? [deepest.path.join('.'), constraint(deepest)].filter(Boolean).join(' ') : 'is not valid';
  }
  if (issue?.code === 'unrecognized_keys') return `must have known fields only, not "${issue.keys[0]}"`;
  if (issue?.code === 'too_small') return `must be at least ${issue.minimum}`;
  if (issue?.code === 'too_big') return `must be at most ${issue.maximum}`;
  if (issue?.code === 'invalid_type')
    return `must be ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
  if (issue?.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`;
  return issue?.message ?? 'is not valid';
}
