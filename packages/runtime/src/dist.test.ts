import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** Static imports, re-exports, dynamic imports and `require`, in code that a bundler wrote. */
const imports = /(?:^|;)\s*(?:import\b|export\b[^;]*\bfrom\b)|\bimport\s*\(|\brequire\s*\(/m;

describe('what is published', () => {
  it.for(['index', 'format'])('dist/%s.js imports nothing, its types no package', (entry, { skip }) => {
    const [code = '', types = ''] = ['js', 'd.ts'].map((suffix) => {
      const file = at(`../dist/${entry}.${suffix}`);
      skip(!existsSync(file), `${file} is not built; run npx nx build runtime`);
      return readFileSync(file, 'utf8').replace(/^\s*(?:\/?\*|\/\/).*$/gm, '');
    });
    expect(imports.exec(code)?.[0]).toBeUndefined();
    expect(types).not.toMatch(/(?:from|import\()\s*['"][^.]/);
  });

  it('dist/index.js takes less than 40 kB, and dist/worker.js is that file put to work', ({ skip }) => {
    const file = at('../dist/index.js');
    skip(!existsSync(file), `${file} is not built; run npx nx build runtime`);
    expect(gzipSync(readFileSync(file), { level: 9 }).length).toBeLessThan(40_000);
    const worker = readFileSync(at('../dist/worker.js'), 'utf8');
    expect(worker.match(/from\s*['"]([^'"]+)['"]/g)?.map((found) => found.replace(/\s/g, ''))).toEqual([
      expect.stringMatching(/^from['"]\.\/index\.js['"]$/),
    ]);
  });

  it('@fqsr/quant-core/spec reaches no TensorFlow.js', ({ skip }) => {
    const dist = at('../../quant-core/dist/');
    const pending = ['spec.js'];
    const seen = new Set<string>();
    for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
      if (seen.has(file)) continue;
      seen.add(file);
      skip(!existsSync(dist + file), `${dist}${file} is not built; run npx nx build quant-core`);
      for (const [, name = ''] of readFileSync(dist + file, 'utf8').matchAll(
        /(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g,
      )) {
        expect(name).toMatch(/^\.\//);
        pending.push(name.slice(2));
      }
    }
  });
});
