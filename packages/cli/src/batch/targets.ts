/** What a command line names as inputs, and where each result goes. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname, isAbsolute, join, parse, relative, resolve } from 'node:path';
import { encodableExtensions } from '@fqsr/datasets';
import { glob, isDynamicPattern } from 'tinyglobby';
import { CliError, UsageError } from '../errors.js';
import { isFolder } from '../files.js';

/** An input and its result; `-` is stdin or stdout. */
export interface Target {
  readonly from: string;
  readonly to: string;
}

/** What is to be done. */
export interface Targets {
  readonly targets: readonly Target[];
  /** Folder that the results go to; `null` where each has a name of its own. */
  readonly folder: string | null;
}

/** What is taken for an image in a folder. */
const images = '**/*.{png,jpg,jpeg,webp,avif,tif,tiff,gif}';

/** Stdin or stdout. */
export const STREAM = '-';

/**
 * Inputs are files, folders (all images below them, in order of their names), patterns such as `photos/*.png`, and `-`. The results are one file, stdout, or a folder that keeps the
 * inputs' folders.
 *
 * @param extension of results in a folder and on stdout, `.png`
 * @throws UsageError when it is not clear where a result goes
 * @throws CliError when a folder or a pattern has no image
 */
export async function targetsOf(inputs: readonly string[], output: string, extension: string): Promise<Targets> {
  const found: { readonly from: string; readonly name: string }[] = [];
  for (const input of inputs) found.push(...(await filesOf(input, output)));
  const isMany = inputs.length > 1 || found.length > 1 || (await isFolder(inputs[0] ?? ''));
  if (output === STREAM) {
    if (isMany) throw new UsageError(`--output: must be a folder for several inputs, got - (for example -o larger)`);
    return checked({ targets: found.map(({ from }) => ({ from, to: STREAM })), folder: null });
  }
  if ((await isFolder(output)) || /[/\\]$/.test(output) || isMany) {
    const targets = found.map(({ from, name }) => ({
      from,
      to: join(output, `${withoutExtension(name)}${extension}`),
    }));
    return checked({ targets, folder: output });
  }
  const isKnown = (encodableExtensions as readonly string[]).includes(extname(output).toLowerCase());
  if (!isKnown) {
    const known = encodableExtensions.join(', ');
    throw new UsageError(
      `--output: must end in one of ${known}, be a folder, or - for stdout, got ${output} (for example out.png)`,
    );
  }
  return checked({ targets: found.map(({ from }) => ({ from, to: output })), folder: null });
}

/** The files of an input, and their names below it. */
async function filesOf(
  input: string,
  output: string,
): Promise<readonly { readonly from: string; readonly name: string }[]> {
  if (input === STREAM) return [{ from: STREAM, name: 'stdin' }];
  // A file may be called anything, `a[1].png` too.
  if (existsSync(input)) {
    if (!(await isFolder(input))) return [{ from: input, name: parse(input).base }];
    return below(input, images, output);
  }
  if (!isDynamicPattern(input)) return [{ from: input, name: parse(input).base }];
  const base = baseOf(input);
  return below(base, relative(base, input).replaceAll('\\', '/'), output);
}

/** Longest folder at the start of a pattern. */
function baseOf(pattern: string): string {
  const parts = pattern.split('/');
  const fixed = parts.findIndex((part) => isDynamicPattern(part));
  return parts.slice(0, fixed).join('/') || (isAbsolute(pattern) ? '/' : '.');
}

async function below(folder: string, pattern: string, output: string) {
  const names = await glob(pattern, {
    cwd: folder,
    onlyFiles: true,
    caseSensitiveMatch: false,
    expandDirectories: false,
  });
  // Results of an earlier call are no inputs of this one.
  const inside = relative(folder, output);
  const ours =
    inside !== '' && !inside.startsWith('..') && !isAbsolute(inside) ? `${inside.replaceAll('\\', '/')}/` : null;
  const inputs = names.filter((name) => ours === null || !name.startsWith(ours)).sort();
  if (inputs.length > 0) return inputs.map((name) => ({ from: join(folder, name), name }));
  throw new CliError(`input: ${join(folder, pattern)} must have an image, got none (check the path)`);
}

function withoutExtension(name: string): string {
  const { dir, name: stem } = parse(name);
  return join(dir, stem);
}

/** Nothing is overwritten that this very call reads or writes. @throws UsageError naming the file */
function checked(wanted: Targets): Targets {
  const taken = new Map(wanted.targets.map(({ from }) => [resolve(from), 'an input']));
  for (const { to } of wanted.targets) {
    if (to === STREAM) continue;
    const by = taken.get(resolve(to));
    if (by)
      throw new UsageError(
        `--output: ${to} must be a new file for each input, got ${by} (choose another folder or name)`,
      );
    taken.set(resolve(to), 'the output of another input of the same name');
  }
  return wanted;
}

/** When a file was last written, in milliseconds; `null` where there is none. */
export async function writtenAt(path: string): Promise<number | null> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() && found.size > 0 ? found.mtimeMs : null;
}
