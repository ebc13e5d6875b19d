/**
 * Files that are there whole or not at all.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CliError } from './errors.js';

/** Writes beside the target, at once or as the bytes come, then renames: a reader never sees half a file, and a failure leaves nothing. */
export async function writeWhole(path: string, data: Uint8Array | string | AsyncIterable<Uint8Array>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const beside = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.tmp`);
  try {
    const file = await open(beside, 'wx');
    try {
      if (typeof data === 'string' || data instanceof Uint8Array) await file.writeFile(data);
      else for await (const chunk of data) await file.appendFile(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/**
 * Fails now rather than after the work: makes the folder of a file to come and tries to write there.
 *
 * @throws CliError naming the path
 */
export async function assertWritable(path: string): Promise<void> {
  if (await isFolder(path)) throw new CliError(`output: ${path} must be a file, got a folder (add a file name)`);
  const probe = join(dirname(path), `.fqsr-${randomBytes(4).toString('hex')}.tmp`);
  try {
    await mkdir(dirname(path), { recursive: true });
    await (await open(probe, 'wx')).close();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
    throw new CliError(`output: ${path} cannot be written: ${code} (choose a folder that you may write to)`, { cause });
  } finally {
    await rm(probe, { force: true }).catch(() => {});
  }
}

/** The bytes of a file. @throws CliError naming what it was to be */
export async function readBytes(path: string, what: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const problem =
      code === 'ENOENT'
        ? 'does not exist'
        : code === 'EISDIR'
          ? 'must be a file, got a folder'
          : `cannot be read: ${code}`;
    throw new CliError(`${what}: ${path} ${problem} (check the path)`, { cause });
  }
}

/** The bytes of a file; `null` only where there is none: one that cannot be read must not be taken for one that is not there. */
export async function readIfThere(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}

/** Whether a path is a folder that exists. */
export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}
