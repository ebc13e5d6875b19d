/** Models by file, or by name from the zoo that comes along. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bestZooModel, zoo } from '@fqsr/sr-models/zoo';
import { CliError, UsageError } from './errors.js';
import { readBytes } from './files.js';

/**
 * The bytes of a model: a file, or where there is none of that name a network of the zoo.
 *
 * @param what names the option in messages
 * @throws CliError naming the path
 */
export async function readModelBytes(spec: string, what: string): Promise<Uint8Array> {
  if (existsSync(spec)) return readBytes(spec, what);
  const card = zoo.find(({ name }) => name === spec);
  if (card) return readFile(fileURLToPath(card.url));
  if (/[./\\]/.test(spec)) return readBytes(spec, what);
  const names = zoo.map(({ name }) => name).join(', ');
  throw new CliError(`${what}: must be a file or one of ${names}, got ${spec} (fqsr zoo shows what they are)`);
}

/** Whether a model argument names a network without weights: neither a file nor of the zoo. */
export function namesNetwork(spec: string): boolean {
  return !existsSync(spec) && !/[./\\]/.test(spec) && zoo.every(({ name }) => name !== spec);
}

/** The network that upscales where none is named. @throws UsageError where the zoo has none of this scale */
export function defaultModel(scale: number): string {
  try {
    return bestZooModel(scale).name;
  } catch (cause) {
    throw new UsageError(`--scale: ${(cause as Error).message.replace(/^.*?: /, '')}`);
  }
}
