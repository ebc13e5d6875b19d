/**
 * Which files are pages of the documentation's site, and under which address: the repository's own pages, where they are, so that nothing is written twice.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** What TypeDoc writes, from the root; not under version control. */
export const apiFolder = 'docs/api';

/** Files of the root that are pages, and their addresses. */
const ofRoot = { 'README.md': 'index.md', 'CONTRIBUTING.md': 'contributing.md' } as const;

/** Pages in the repository: path from the root, and address on the site, both with their extension. */
export function pages(): Readonly<Record<string, string>> {
  const articles = markdownIn('docs').map((file) => [file, posix.basename(file)]);
  const guides = foldersIn('packages')
    .flatMap((folder) => [folder, ...foldersIn(folder)])
    .flatMap((folder) => markdownIn(folder).filter((file) => file === `${folder}/README.md`))
    .map((file) => [file, `${posix.dirname(file)}.md`]);
  return { ...ofRoot, ...Object.fromEntries(articles), ...Object.fromEntries(guides) };
}

function markdownIn(folder: string): readonly string[] {
  const names = readdirSync(join(root, folder)).filter((name) => name.endsWith('.md'));
  return names.map((name) => `${folder}/${name}`);
}

function foldersIn(folder: string): readonly string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries.flatMap((entry) =>
    entry.isDirectory() && entry.name !== 'node_modules' ? [`${folder}/${entry.name}`] : [],
  );
}

/** The heading of a page: its first line that begins with `# `. */
export function titleOf(file: string): string {
  return /^# (.+)$/m.exec(readFileSync(join(root, file), 'utf8'))?.[1]?.replaceAll('`', '') ?? file;
}

/** The anchor of a heading as GitHub makes it, and the site after it: lower case, blanks as dashes, other signs left out. */
export function slugOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
    .replaceAll(' ', '-');
}

/** Pages of the API reference, from the root; none before TypeDoc has run. */
export function apiPages(): readonly string[] {
  const names = existsSync(join(root, apiFolder))
    ? readdirSync(join(root, apiFolder), { recursive: true, encoding: 'utf8' })
    : [];
  const pages = names.filter((name) => name.endsWith('.md') && name !== 'index.md');
  return pages.map((name) => `${apiFolder}/${name.split(sep).join('/')}`).sort();
}

/** What the site's search for pages is to leave out, as glob patterns from the root. */
export function excluded(): readonly string[] {
  const folders = ['', 'docs/', 'packages/', ...foldersIn('packages').map((folder) => `${folder}/`)];
  const wanted = [...Object.keys(pages()), `${apiFolder}/`];
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`;
      return wanted.some((page) => page.startsWith(path)) ? [] : [`${path}${entry.isDirectory() ? '**' : ''}`];
    }),
  );
}

/** Where a link leads: to a page, to another file or folder of the repository, out of it, or to nothing. */
export type Target =
  | { readonly kind: 'page'; readonly file: string; readonly anchor: string }
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'outside' }
  | { readonly kind: 'dead' };

/**
 * Follows a link as it is written in a file of the repository. A folder with a README is that page, as on GitHub.
 *
 * @param from the file, from the root
 * @param known the pages
 */
export function follow(from: string, link: string, known = pages()): Target {
  if (/^[a-z][a-z+.-]*:/i.test(link)) return { kind: 'outside' };
  const [path = '', anchor = ''] = link.split('#');
  const file = path === '' ? from : posix.normalize(posix.join(posix.dirname(from), decodeURI(path)));
  if (file.startsWith(`${apiFolder}/`)) return { kind: 'page', file, anchor };
  for (const page of [file, posix.join(file, 'README.md')]) {
    if (Object.hasOwn(known, page)) return { kind: 'page', file: page, anchor };
  }
  if (file.startsWith('..') || !isThere(file)) return { kind: 'dead' };
  return { kind: 'file', file };
}

function isThere(file: string): boolean {
  const [at, name] = [join(root, dirname(file)), posix.basename(file)];
  // By its name in the folder: a file system may not tell letters of both cases apart, but the site's server does.
  return statSync(at, { throwIfNoEntry: false })?.isDirectory() === true && readdirSync(at).includes(name);
}

/** The address of a page on the site, e.g. `/packages/cli.md`. */
export function addressOf(file: string, known = pages()): string {
  return `/${known[file] ?? file.replace(/^docs\//, '')}`;
}
