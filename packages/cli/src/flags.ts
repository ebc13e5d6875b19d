/** A command's flags, as data read off its schema: the parser, the help and the completion scripts are made of them. */
import { z } from 'zod';
import { type AnyCommand, type FlagMeta, flagName } from './command.js';

/** One flag. */
export interface Flag {
  /** With its dashes, `--plan`. */
  readonly long: string;
  /** `-o`, where there is one. */
  readonly short: string | null;
  /** Name of its value in the help; `null` for a switch. */
  readonly value: string | null;
  readonly description: string;
  /** All values, where they can be counted. */
  readonly choices: readonly string[];
}

/** What every command takes. */
const shared: readonly Flag[] = [
  {
    long: '--config',
    value: 'file',
    description: 'JSON file with any of these options, in camelCase; flags win over it',
  },
  { long: '--json', value: null, description: 'print one JSON document on stdout' },
  { long: '--schema', value: null, description: 'print the JSON schema of the config file and stop' },
].map((flag) => ({ ...flag, short: null, choices: [] }));

/** The flags of a command, in the order of the help. */
export function flagsOf(command: Pick<AnyCommand, 'options'>): readonly Flag[] {
  return [...Object.entries(command.options.shape).map(([key, schema]) => toFlag(key, schema as z.ZodType)), ...shared];
}

function toFlag(key: string, schema: z.ZodType): Flag {
  const { description = '', value = 'value', short } = metaOf(schema);
  const { type, enum: choices = [], default: fallback } = z.toJSONSchema(schema, { io: 'input' });
  const isSwitch = type === 'boolean';
  const values = choices.map(String);
  const untold = values.every((each) => description.includes(each)) ? [] : values;
  const notes = [
    ...(untold.length > 0 ? [untold.join(', ')] : []),
    ...(isSwitch || fallback === undefined ? [] : [`default: ${String(fallback)}`]),
  ];
  return {
    long: flagName(key),
    short: short ? `-${short}` : null,
    value: isSwitch ? null : value,
    description: notes.length > 0 ? `${description} (${notes.join('; ')})` : description,
    choices: values,
  };
}

/** What the schema says of its flag; optional and default wrappers stand around it. */
function metaOf(schema: z.ZodType): Partial<FlagMeta> {
  const meta = schema.meta() as Partial<FlagMeta> | undefined;
  if (meta?.description !== undefined) return meta;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return metaOf(schema.unwrap() as z.ZodType);
  return {};
}
