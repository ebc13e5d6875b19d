/** A batch that goes on: a note in its folder says by what its results were made, and since when. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readIfThere, writeWhole } from '../files.js';
import { type Target, writtenAt } from './targets.js';

/** The note. */
const NOTE = '.fqsr-upscale.json';

interface Note {
  /** Checksum of what decides the results. */
  readonly by: string;
  /** When the first batch of that kind began, in milliseconds. */
  readonly since: number;
}

/**
 * What of a folder's results may stay. Results are there whole or not at all, so one that is newer than its input, and than the first batch by the same model and options, is done.
 *
 * @param parts all that decides the bytes of a result beside its input
 * @returns whether a target is done
 */
export async function openResume(
  folder: string,
  parts: readonly (string | Uint8Array)[],
): Promise<(target: Target) => Promise<boolean>> {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  const by = hash.digest('hex');
  const before = parse(await readIfThere(join(folder, NOTE)));
  if (before?.by === by) {
    return async ({ from, to }) => {
      const [input, result] = [await writtenAt(from), await writtenAt(to)];
      return input !== null && result !== null && result >= Math.max(input, before.since);
    };
  }
  // File systems keep times of their own coarseness; nothing of before is within a second of now.
  const note: Note = { by, since: Date.now() - 1000 };
  await writeWhole(join(folder, NOTE), `${JSON.stringify(note)}\n`);
  return async () => false;
}

function parse(bytes: Uint8Array | null): Note | null {
  if (bytes === null) return null;
  try {
    const { by, since } = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Note>;
    return typeof by === 'string' && typeof since === 'number' ? { by, since } : null;
  } catch {
    return null;
  }
}
