/** Links of the repository's pages, made to work on the site. */
import { relative, sep } from 'node:path';
import type { MarkdownRenderer } from 'vitepress';
import { addressOf, follow, root } from './pages.ts';

type Tokens = ReturnType<MarkdownRenderer['parse']>;

/** Where the repository's files are read online: what the workflow's environment says, or nowhere, so that their links become plain text. */
const { GITHUB_SERVER_URL: server = 'https://github.com', GITHUB_REPOSITORY: repository } = process.env;

/**
 * Turns links as they work in the repository (`../../docs/plans.md#files`, `packages/cli`, `recipes`) into addresses of the site; links to files that are no pages lead to
 * the repository online, or are taken away.
 *
 * @throws Error for a link to nothing, which ends the build
 */
export function siteLinks(md: MarkdownRenderer): void {
  md.core.ruler.push(
    'site-links',
    ({ tokens, env }: { tokens: Tokens; env: { readonly realPath?: string; path: string } }) => {
      const from = relative(root, env.realPath ?? env.path)
        .split(sep)
        .join('/');
      for (const { children } of tokens) if (children) rewrite(children, from);
    },
  );
}

function rewrite(tokens: Tokens, from: string): void {
  let opened: Tokens[number] | null = null;
  for (const token of tokens) {
    if (token.type === 'link_close' && opened) token.tag = opened.tag;
    if (token.type !== 'link_open') continue;
    opened = token;
    const link = token.attrGet('href') ?? '';
    if (link.startsWith('#')) continue;
    const target = follow(from, link);
    if (target.kind === 'dead') throw new Error(`[docs] ${from}: links must lead to a file, got ${link} (correct it)`);
    if (target.kind === 'page') token.attrSet('href', addressOf(target.file) + (target.anchor && `#${target.anchor}`));
    if (target.kind !== 'file') continue;
    if (repository) token.attrSet('href', `${server}/${repository}/blob/main/${target.file}`);
    else [token.tag, token.attrs] = ['span', null];
  }
}
