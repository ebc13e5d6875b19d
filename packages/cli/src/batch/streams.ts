/** Stdin and stdout as files, for readers and writers that know files alone. */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { STREAM, type Target } from './targets.js';

/**
 * Runs `work` with files in the place of `-`: stdin is read into one before, the other is written to stdout after.
 *
 * @param extension of the file that goes to stdout, `.png`
 */
export async function throughFiles<T>(
  { from, to }: Target,
  extension: string,
  work: (target: Target) => Promise<T>,
): Promise<T> {
  if (from !== STREAM && to !== STREAM) return work({ from, to });
  const folder = await mkdtemp(join(tmpdir(), 'fqsr-'));
  try {
    const files = {
      from: from === STREAM ? join(folder, 'stdin') : from,
      to: to === STREAM ? join(folder, `stdout${extension}`) : to,
    };
    if (from === STREAM) await pipeline(process.stdin, createWriteStream(files.from));
    const result = await work(files);
    if (to === STREAM) await pipeline(createReadStream(files.to), process.stdout, { end: false });
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
