/** The pages: every link and anchor leads somewhere, on GitHub and on the site, and every example compiles, where it is not run elsewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makePlan } from '@fqsr/quant-core/spec';
import { describe, expect, it } from 'vitest';
import { printed } from '../readme-examples.mjs';
import { blocksOf, complaints } from './blocks.ts';
import { addressOf, follow, pages, root, slugOf } from './pages.ts';

const known = pages();
const textOf = (file: string) => readFileSync(join(root, file), 'utf8');
/** Without code, in which nothing is a link or a heading. */
const proseOf = (file: string) => textOf(file).replace(/^```[\s\S]*?^```$/gm, '');

/** Anchors of a page; the second heading of a name ends in `-1`. */
function anchorsOf(file: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const headings = [...proseOf(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  const anchors = headings.map((heading) => {
    const slug = slugOf(heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1'));
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
  return new Set(anchors);
}

/** Links and images, inline code left out. */
function linksOf(file: string): readonly string[] {
  const prose = proseOf(file).replace(/`[^`\n]*`/g, 'code');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
}

describe.each(Object.keys(known))('%s', (file) => {
  it('leads only to what there is', () => {
    const dead = linksOf(file).filter((link) => {
      const target = follow(file, link, known);
      if (target.kind === 'page') return target.anchor !== '' && !anchorsOf(target.file).has(target.anchor);
      return target.kind === 'dead';
    });
    expect(dead).toEqual([]);
  });

  it('has one title, and blocks that say what they are in', () => {
    expect(proseOf(file).match(/^# .+$/gm)).toHaveLength(1);
    for (const { language, line } of blocksOf(file, textOf(file))) {
      expect(['', 'ts', 'js', 'sh', 'json', 'text', 'html'], `line ${line}`).toContain(language);
    }
  });
});

it('pages have addresses of their own', () => {
  const addresses = Object.keys(known).map((file) => addressOf(file, known));
  expect(new Set(addresses).size).toBe(addresses.length);
  expect(known).toMatchObject({ 'README.md': 'index.md', 'packages/cli/README.md': 'packages/cli.md' });
});

it.each([
  ['README.md', 'packages/cli', { kind: 'page', file: 'packages/cli/README.md', anchor: '' }],
  ['docs/format.md', '../packages/runtime/README.md#arithmetic', { kind: 'page', anchor: 'arithmetic' }],
  ['docs/format.md', '#limits', { kind: 'page', file: 'docs/format.md', anchor: 'limits' }],
  ['docs/plans.md', 'plans/fqsr-edsr-x2.json', { kind: 'file', file: 'docs/plans/fqsr-edsr-x2.json' }],
  ['docs/plans.md', 'Plans.md', { kind: 'dead' }],
  ['docs/plans.md', '../../elsewhere.md', { kind: 'dead' }],
  ['docs/plans.md', 'https://example.org', { kind: 'outside' }],
])('%s: %s is followed as on GitHub', (from, link, target) => {
  expect(follow(from, link, known)).toMatchObject(target);
});

it('anchors are those of GitHub', () => {
  expect(slugOf("The policy files of FQSR's code")).toBe('the-policy-files-of-fqsrs-code');
  expect(slugOf('What `w4a4s8` is, in bits')).toBe('what-w4a4s8-is-in-bits');
});

const blocks = Object.keys(known).flatMap((file) => blocksOf(file, textOf(file)));

it('blocks in json hold JSON, and plans are plans', () => {
  for (const { file, line, code } of blocks.filter(({ language }) => language === 'json')) {
    const parse = () => JSON.parse(code) as object;
    expect(parse, `${file}:${line}`).not.toThrow();
    const document = parse();
    if ('overrides' in document) expect(() => makePlan(document as never), `${file}:${line}`).not.toThrow();
  }
});

const built = readdirSync(join(root, 'packages')).every((name) =>
  existsSync(join(root, 'packages', name, 'dist/index.d.ts')),
);
if (!built) process.stderr.write('skipped: the examples of the pages, since the packages are not built\n');

it.skipIf(!built)('examples in ts and js compile against the built packages', { timeout: 120_000 }, () => {
  const examples = blocks.filter(({ language }) => language === 'ts' || language === 'js');
  // The first of a package's guide is run by smoke-packages.mjs.
  const isRun = (block: (typeof blocks)[number]) =>
    Object.keys(printed).some((name) => examples.find(({ file }) => file === `packages/${name}/README.md`) === block);
  const others = examples.filter((block) => !isRun(block));
  expect([others.length > 20, examples.length - others.length]).toEqual([true, Object.keys(printed).length]);
  expect(complaints(others)).toEqual([]);
});

it('complaints name the page and the line', () => {
  const block = { file: 'docs/none.md', line: 7, language: 'ts', code: 'const a = 1;\nconst b: string = a;\n' };
  expect(complaints([block])).toEqual(["docs/none.md:8: Type 'number' is not assignable to type 'string'."]);
});
