/**
 * From arguments to an exit code: parses, runs one command, prints its result. Exit 0 ok, 1 failed, 2 wrong usage.
 */
import { styleText } from 'node:util';
import { Command as Commander, CommanderError, Option } from 'commander';
import { z } from 'zod';
import manifest from '../package.json' with { type: 'json' };
import { styled } from './colours.js';
import { type AnyCommand, type CommandEntry, parseOptions, type Result } from './command.js';
import { commandGroups } from './commands/registry.js';
import { describeError, UsageError } from './errors.js';
import { readBytes } from './files.js';
import { type Flag, flagsOf } from './flags.js';
import { createIo, type Io } from './io.js';

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
    .helpCommand(false)
    .addHelpText('after', firstSteps)
    .configureHelp(helpStyles)
    .configureOutput({ outputError: () => {} });
  const io = createIo();
  const asked = argv.find((word) => !word.startsWith('-'));
  try {
    for (const [heading, lines] of Object.entries<readonly CommandEntry[]>(commandGroups)) {
      for (const line of lines) {
        const sub = addLine(program, line).helpGroup(heading);
        if (line.name !== asked) continue;
        attach(sub, await line.load(), { asksSchema: argv.includes('--schema'), io }, (code) => {
          exitCode = code;
        });
      }
    }
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      const message =
        error.code === 'commander.help'
          ? 'a command must be given (see fqsr --help)'
          : error.message.replace(/^error: /, '');
      sayFailure(message.replace(/\n/g, ' '));
      return 2;
    }
    const { line, exitCode: code } = describeError(error);
    sayFailure(line);
    if (process.env['FQSR_DEBUG'] === '1' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return code;
  } finally {
    io.close();
  }
  return exitCode;
}

/** Commander leaves the colours out where they are not wanted, by the same rules. */
const helpStyles = {
  styleTitle: (text: string) => styleText('bold', text, { validateStream: false }),
  styleCommandText: (text: string) => styleText('cyan', text, { validateStream: false }),
  styleSubcommandText: (text: string) => styleText('cyan', text, { validateStream: false }),
  styleOptionText: (text: string) => styleText('cyan', text, { validateStream: false }),
};

/** The one line of a failure. */
function sayFailure(line: string): void {
  process.stderr.write(`${styled('red', 'fqsr:', process.stderr)} ${line}\n`);
}

/** Where to begin, below the list of commands. */
const firstSteps = `
Examples:
  fqsr demo                                                      train, prove and try a small network; takes minutes, needs nothing
  fqsr upscale photo.jpg -o photo-x2.png --model demo-out/model.fqsr
  fqsr upscale photos -o larger --model demo-out/model.fqsr      a folder; broken images are passed over, the same command goes on
  fqsr train --model edsr-f16b4 --scale 2 -o runs/float          Ctrl-C saves; the same command goes on
  fqsr COMMAND --help                                            all options of a command, and an example

Every command takes --json, and --config FILE with its options (--schema prints what may stand in it).
Exit code: 0 done, 1 failed, 2 wrong usage.`;

/** A command as the list of commands has it. */
function addLine(program: Commander, { name, summary }: CommandEntry): Commander {
  return program.command(name).summary(summary).description(summary).exitOverride().configureHelp(helpStyles);
}

/** What the command asked for has beside its line. */
function attach(
  sub: Commander,
  command: AnyCommand,
  { asksSchema, io }: { readonly asksSchema: boolean; readonly io: Io },
  done: (code: 0 | 1) => void,
): void {
  sub.addHelpText('after', `\nExample:\n  ${command.example}`);
  for (const { name, description } of command.arguments) sub.argument(name, description);
  for (const flag of flagsOf(command)) sub.addOption(toOption(flag));
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
    const result = await command.run(args, options as never, io);
    print(result, json === true);
    done(result.exitCode ?? 0);
  });
}

function toOption({ long, short, value, description }: Flag): Option {
  return new Option(`${short ? `${short}, ` : ''}${long}${value === null ? '' : ` <${value}>`}`, description);
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

function print({ json, text, stdoutTaken = false }: Result, asJson: boolean): void {
  if (stdoutTaken) {
    process.stderr.write(asJson ? `${JSON.stringify(json, null, 2)}\n` : text === '' ? '' : `${text}\n`);
    return;
  }
  if (asJson) {
    process.stderr.write(text === '' ? '' : `${text}\n`);
    process.stdout.write(`${JSON.stringify(json, null, 2)}\n`);
  } else {
    process.stdout.write(text === '' ? '' : `${text}\n`);
  }
}
