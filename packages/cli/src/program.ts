/**
 * From arguments to an exit code: parses, runs one command, prints its result. Exit 0 ok, 1 failed, 2 wrong usage.
 */
import { Command as Commander, CommanderError, Option } from 'commander';
import { z } from 'zod';
import manifest from '../package.json' with { type: 'json' };
import { type AnyCommand, type FlagMeta, flagName, parseOptions, type Result } from './command.js';
import { commands } from './commands/registry.js';
import { describeError, UsageError } from './errors.js';
import { readBytes } from './files.js';
import { createIo } from './io.js';

/** Runs `fqsr` with these arguments. */
export async function run(argv: readonly string[]): Promise<0 | 1 | 2> {
  let exitCode: 0 | 1 | 2 = 0;
  const program = new Commander('fqsr')
    .description(
      'Fully quantized image super-resolution: train, evaluate, export and run networks made of integers alone',
    )
    .version(manifest.version)
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({ outputError: () => {} });
  for (const command of commands) {
    attach(program, command, argv.includes('--schema'), (code) => {
      exitCode = code;
    });
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      const message =
        error.code === 'commander.help'
          ? 'a command must be given (see fqsr --help)'
          : error.message.replace(/^error: /, '');
      process.stderr.write(`fqsr: ${message.replace(/\n/g, ' ')}\n`);
      return 2;
    }
    const { line, exitCode: code } = describeError(error);
    process.stderr.write(`fqsr: ${line}\n`);
    if (process.env['FQSR_DEBUG'] === '1' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return code;
  }
  return exitCode;
}

function attach(program: Commander, command: AnyCommand, asksSchema: boolean, done: (code: 0 | 1) => void): void {
  const sub = program
    .command(command.name)
    .summary(command.summary)
    .description(command.summary)
    .exitOverride()
    .addHelpText('after', `\nExample:\n  ${command.example}`);
  for (const { name, description } of command.arguments) sub.argument(name, description);
  for (const [key, schema] of Object.entries(command.options.shape)) sub.addOption(toOption(key, schema as z.ZodType));
  sub.option('--config <file>', 'JSON file with any of these options, in camelCase; flags win over it');
  sub.option('--json', 'print one JSON document on stdout');
  sub.option('--schema', 'print the JSON schema of the config file and stop');
  // The schema needs no arguments; everything else does.
  if (asksSchema) for (const argument of sub.registeredArguments) argument.required = false;
  sub.action(async () => {
    const args = sub.processedArgs.flat().filter((value): value is string => typeof value === 'string');
    const { config, json, schema, ...flags } = sub.opts<{ config?: string; json?: boolean; schema?: boolean }>();
    if (schema) {
      process.stdout.write(`${JSON.stringify(z.toJSONSchema(command.options, { io: 'input' }), null, 2)}\n`);
      return;
    }
    const options = parseOptions(command.options, await readConfig(config), flags);
    const result = await command.run(args, options as never, createIo());
    print(result, json === true);
    done(result.exitCode ?? 0);
  });
}

function toOption(key: string, schema: z.ZodType): Option {
  const { description, value, short } = metaOf(schema);
  const isSwitch = z.toJSONSchema(schema, { io: 'input' }).type === 'boolean';
  const names = `${short ? `-${short}, ` : ''}${flagName(key)}${isSwitch ? '' : ` <${value ?? 'value'}>`}`;
  return new Option(names, describeOption(description ?? '', schema, isSwitch));
}

/** What the schema says of its flag; optional and default wrappers stand around it. */
function metaOf(schema: z.ZodType): Partial<FlagMeta> {
  const meta = schema.meta() as Partial<FlagMeta> | undefined;
  if (meta?.description !== undefined) return meta;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return metaOf(schema.unwrap() as z.ZodType);
  return {};
}

function describeOption(description: string, schema: z.ZodType, isSwitch: boolean): string {
  const fallback = z.toJSONSchema(schema, { io: 'input' }).default;
  return isSwitch || fallback === undefined ? description : `${description} (default: ${String(fallback)})`;
}

async function readConfig(path: string | undefined): Promise<Readonly<Record<string, unknown>>> {
  if (path === undefined) return {};
  const text = new TextDecoder().decode(await readBytes(path, '--config'));
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`--config: ${path} must hold JSON, got ${(cause as Error).message} (correct the file)`);
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new UsageError(`--config: ${path} must hold a JSON object (correct the file)`);
  }
  const { $schema, ...options } = config as Record<string, unknown>;
  void $schema;
  return options;
}

function print({ json, text }: Result, asJson: boolean): void {
  if (asJson) {
    process.stderr.write(text === '' ? '' : `${text}\n`);
    process.stdout.write(`${JSON.stringify(json, null, 2)}\n`);
  } else {
    process.stdout.write(text === '' ? '' : `${text}\n`);
  }
}
