/** `fqsr serve` as a user starts and ends it. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { fqsr, start } from './fqsr.js';

const built = existsSync(fileURLToPath(new URL('../dist/page/index.html', import.meta.url)));
if (!built) process.stderr.write('skipped: fqsr serve, since the page is not built (npm run build)\n');

it.skipIf(!built)('serves the page until Ctrl-C, which is no failure', async () => {
  const { process: server, ended } = start(['serve', '--port', '0', '--json']);
  onTestFinished(() => void server.kill('SIGKILL'));
  const said: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    server.stderr?.on('data', (chunk: Buffer) => {
      said.push(chunk.toString());
      const found = /http:\/\/127\.0\.0\.1:\d+\//.exec(said.join(''));
      if (found) resolve(found[0]);
    });
    ended.then(({ code, stderr }) => reject(new Error(`ended with ${code}: ${stderr}`)), reject);
  });
  expect(await fetch(url).then((page) => page.text())).toContain('<title>');
  const models = (await fetch(`${url}api/models`).then((list) => list.json())) as unknown[];
  expect(models.length).toBeGreaterThan(3);
  server.kill('SIGINT');
  const { code, stdout } = await ended;
  expect(code).toBe(0);
  expect(JSON.parse(stdout).url).toBe(url);
});

it.skipIf(!built)('says in one line what it cannot serve', async () => {
  const missing = await fqsr('serve', 'none.fqsr');
  expect([missing.code, missing.stderr.trimEnd().split('\n').length]).toEqual([1, 1]);
  const far = await fqsr('serve', '--host', '203.0.113.1', '--port', '0');
  expect([far.code, far.stderr.trimEnd().split('\n').length]).toEqual([1, 1]);
});
