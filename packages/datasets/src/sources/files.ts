/**
 * Listing files for the sources that read folders.
 */
import { readdirSync, statSync } from 'node:fs';

/** Whether a path is a folder. */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The names in a folder in natural order: `img2` before `img10`. Hidden files are left out. */
export function namesIn(folder: string): readonly string[] {
  const { compare } = new Intl.Collator('en', { numeric: true });
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .sort((a, b) => compare(a, b) || (a < b ? -1 : 1));
}
