/** The documentation's site. `npm run docs:build` writes it into `dist` beside this file; no page loads anything from elsewhere. */
import { type DefaultTheme, defineConfig } from 'vitepress';
import { siteLinks } from '../../tools/docs/links.ts';
import { addressOf, apiFolder, apiPages, excluded, pages, slugOf, titleOf } from '../../tools/docs/pages.ts';

/** Headings of the sidebar, and the files below them, in the order of use. What stands nowhere comes last, by its title. */
const groups: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  FQSR: {
    'README.md': 'Quick start',
    'docs/method.md': 'The method',
    'docs/training.md': 'Recipes, trained',
    'CONTRIBUTING.md': 'Contributing',
  },
  Packages: Object.fromEntries(
    ['cli', 'runtime', 'sr-models', 'quant-core', 'datasets', 'metrics', 'backends'].map((name) => [
      `packages/${name}/README.md`,
      `@fqsr/${name}`,
    ]),
  ),
  Quantization: {
    'docs/plans.md': 'Plans',
    'docs/quantizers.md': 'Quantizers and estimators',
    'docs/post-training.md': 'Post-training',
  },
  Measurements: {
    'docs/conventions.md': 'Conventions',
    'docs/accuracy.md': 'Accuracy',
    'docs/benchmarks.md': 'Benchmarks',
  },
  Reference: {
    'docs/format.md': 'The .fqsr format',
    'docs/backends.md': 'Backends',
    'packages/cli/recipes/README.md': 'Recipe files',
    'packages/sr-models/zoo/README.md': 'The zoo of networks',
  },
};

const known = pages();
const listed = new Set(Object.values(groups).flatMap(Object.keys));
const more = Object.fromEntries(
  Object.keys(known).flatMap((file) => (listed.has(file) ? [] : [[file, titleOf(file)]])),
);
const api = Object.fromEntries(apiPages().map((file) => [file, titleOf(file)]));

const sidebar: DefaultTheme.SidebarItem[] = Object.entries({ ...groups, More: more, API: api }).flatMap(
  ([text, files]) => {
    const there = Object.entries(files).filter(([file]) => Object.hasOwn(known, file) || file.startsWith(apiFolder));
    const items = there.map(([file, name]) => ({ text: name, link: addressOf(file) }));
    return items.length > 0 ? [{ text, items, collapsed: text === 'API' }] : [];
  },
);

export default defineConfig({
  lang: 'en',
  title: 'FQSR',
  description: 'Super-resolution networks made of integers alone: trained, proven and run in TypeScript',
  // For a site below an address, as GitHub Pages has them: /repository/.
  base: process.env['DOCS_BASE'] ?? '/',
  srcDir: '..',
  srcExclude: [...excluded()],
  rewrites: (file) => addressOf(file).slice(1),
  ignoreDeadLinks: false,
  markdown: { anchor: { slugify: slugOf }, config: siteLinks },
  vite: { build: { chunkSizeWarningLimit: 2000 } },
  themeConfig: {
    sidebar,
    outline: [2, 3],
    search: { provider: 'local' },
    nav: [
      { text: 'Quick start', link: '/' },
      { text: 'API', link: '/api/' },
    ],
  },
});
