/** The built site: links and anchors lead somewhere in it, no page loads anything from elsewhere, and its search finds. After `npm run docs:build`. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, posix, sep } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../gpu/launch-chromium.ts';
import { canRun } from '../gpu/unpack.ts';
import { root } from './pages.ts';

const site = join(root, 'docs/.vitepress/dist');
const isBuilt = existsSync(join(site, 'index.html'));
if (!isBuilt) process.stderr.write('skipped: the site, since it is not built (npm run docs:build)\n');
const hasBrowser = canRun() || Boolean(process.env['FQSR_CHROMIUM']);

const files = isBuilt ? readdirSync(site, { recursive: true, encoding: 'utf8' }) : [];
const pages = files.filter((name) => name.endsWith('.html')).map((name) => name.split(sep).join('/'));
const html = new Map(pages.map((name) => [name, readFileSync(join(site, name), 'utf8')]));

/** Values of an attribute on a page, of elements of a tag or of all. */
function valuesOf(text: string, attribute: string, tag = '[a-z][a-z0-9]*'): readonly string[] {
  return [...text.matchAll(new RegExp(`<${tag}\\b[^>]*? ${attribute}="([^"]*)"`, 'g'))].map(([, value = '']) => value);
}

describe.skipIf(!isBuilt)('the site', () => {
  it('has links that lead to a page and a place on it', () => {
    const ids = new Map([...html].map(([name, text]) => [name, new Set(valuesOf(text, 'id'))]));
    const dead = [...html].flatMap(([name, text]) =>
      valuesOf(text, 'href', 'a').flatMap((link) => {
        if (/^[a-z]+:/.test(link)) return [];
        const [path = '', anchor = ''] = decodeURIComponent(link).split('#');
        const target =
          path === '' ? name : posix.join('/', path.startsWith('/') ? '' : posix.dirname(name), path).slice(1);
        const page = target === '' || target.endsWith('/') ? `${target}index.html` : target;
        const leads = anchor === '' ? ids.has(page) : ids.get(page)?.has(anchor);
        return leads ? [] : [`${name}: ${link}`];
      }),
    );
    // Absolute addresses are those of a site at the root of its server.
    expect(pages.length).toBeGreaterThan(20);
    expect(dead).toEqual([]);
  });

  it('loads scripts, styles and images from itself alone', () => {
    for (const [name, text] of html) {
      const loaded = [...valuesOf(text, 'src'), ...valuesOf(text, 'href', 'link')];
      expect(
        loaded.filter((address) => /^(https?:)?\/\//.test(address)),
        name,
      ).toEqual([]);
    }
  });

  describe.skipIf(!hasBrowser)('in a browser', () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await launchChromium();
    }, 120_000);
    afterAll(() => browser?.close());

    it('asks nobody else, says nothing, and finds', async () => {
      const page = await browser.newPage();
      const [elsewhere, said]: [string[], string[]] = [[], []];
      page.on('console', (message) => said.push(message.text()));
      page.on('pageerror', (error) => said.push(error.message));
      await page.route('**/*', (route) => {
        const { host, pathname } = new URL(route.request().url());
        if (host !== 'docs.test') elsewhere.push(route.request().url());
        const path = join(site, decodeURIComponent(pathname.endsWith('/') ? `${pathname}index.html` : pathname));
        const types: Readonly<Record<string, string>> = {
          '.html': 'text/html',
          '.js': 'text/javascript',
          '.css': 'text/css',
        };
        if (!existsSync(path)) return route.fulfill({ status: 404 });
        return route.fulfill({ path, contentType: types[extname(path)] ?? 'application/octet-stream' });
      });
      await page.goto('http://docs.test/');
      await page.getByRole('link', { name: 'The method', exact: true }).click();
      await page.getByRole('heading', { name: 'Skips in integers' }).waitFor();
      await page.keyboard.press('Control+k');
      await page.locator('#localsearch-input').fill('registerQuantizer');
      await page.locator('#localsearch-list a').first().waitFor();
      expect([elsewhere, said.filter((line) => !line.includes('favicon'))]).toEqual([[], []]);
    });
  });
});
