/** Where figures come from. */
import { createHash } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import manifest from '../../package.json' with { type: 'json' };
import { readIfThere } from '../files.js';
import { escapeHtml, type Html, htmlTable, raw } from './html.js';

/** What made something. */
export interface Made {
  /** Version of the command. */
  readonly fqsr: string;
  /** Commit of the checkout that it ran from; `null` where it was installed. */
  readonly commit: string | null;
  readonly node: string;
}

/** This program. */
export async function madeHere(): Promise<Made> {
  const here = dirname(fileURLToPath(import.meta.url));
  const commit = here.includes('node_modules') ? null : await commitOf(here);
  return { fqsr: manifest.version, commit, node: process.version };
}

/** The commit that a folder's checkout stands at, without asking git; `null` where there is none. */
export async function commitOf(folder: string): Promise<string | null> {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const found = await headOf(join(at, '.git'));
    if (found !== null || at === dirname(at)) return found;
  }
}

async function headOf(git: string): Promise<string | null> {
  const text = async (path: string) =>
    new TextDecoder().decode((await readIfThere(path).catch(() => null)) ?? undefined).trim();
  // In a worktree `.git` is a file that names the folder, and branches lie in the common one.
  const elsewhere = /^gitdir: (.+)$/.exec(await text(git))?.[1];
  const own = elsewhere === undefined ? git : resolve(dirname(git), elsewhere);
  const head = await text(join(own, 'HEAD'));
  const branch = /^ref: (.+)$/.exec(head)?.[1];
  if (branch === undefined) return /^[\da-f]{40,}$/.test(head) ? head : null;
  const common = resolve(own, (await text(join(own, 'commondir'))) || '.');
  const loose = await text(join(common, branch));
  if (loose !== '') return loose;
  const packed = (await text(join(common, 'packed-refs'))).split('\n').find((line) => line.endsWith(` ${branch}`));
  return packed?.split(' ')[0] ?? null;
}

/** SHA-256 of a file, hexadecimal; `null` where there is none. */
export async function sha256Of(path: string): Promise<string | null> {
  const bytes = await readIfThere(path);
  return bytes === null ? null : createHash('sha256').update(bytes).digest('hex');
}

/** A table of names and values. `null` is left out. */
export function facts(rows: readonly (readonly [string, string | Html | null])[]): string {
  const there = rows.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
  return htmlTable(['what', 'value'], there);
}

/** A checksum or commit, which may be broken over lines. */
export function hash(value: string | null): Html | null {
  return value === null ? null : raw(`<code class="hash">${escapeHtml(value)}</code>`);
}
