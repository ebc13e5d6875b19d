/** Logs as JSON, a line for each step or validation. */
import { appendFile, rm } from 'node:fs/promises';
import { readIfThere, writeWhole } from '../files.js';

/** A file of JSON lines that grows. */
export interface JsonLines<Line> {
  /** All lines, those of this call too. */
  readonly lines: readonly Line[];
  readonly append: (line: Line) => Promise<void>;
}

/**
 * Opens the lines of a run that goes on at a step: later ones were written after the checkpoint that it resumes from, and will come again.
 * The last one may have been cut off when the run was killed.
 */
export async function openJsonLines<Line extends { readonly step: number }>(
  path: string,
  from: number,
): Promise<JsonLines<Line>> {
  const bytes = await readIfThere(path);
  const text = bytes === null ? '' : new TextDecoder().decode(bytes);
  const lines: Line[] = [];
  for (const line of text.split('\n').slice(0, -1)) {
    const parsed = JSON.parse(line) as Line;
    if (parsed.step > from) break;
    lines.push(parsed);
  }
  if (lines.length > 0) await writeWhole(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  else await rm(path, { force: true });
  return {
    lines,
    append: async (line) => {
      lines.push(line);
      await appendFile(path, `${JSON.stringify(line)}\n`);
    },
  };
}
