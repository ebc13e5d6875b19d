/** `fqsr sensitivity` on a network small enough for a test. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { scratch } from './fqsr.js';
import { runHere } from './in-process.js';

const at = scratch();
const golden = fileURLToPath(new URL('../../sr-models/test/goldens/srgan-x2.zip.pt', import.meta.url));
const small = [
  '--calibrate',
  'dead-leaves:2:64',
  '--images',
  '2',
  '--patch',
  '16',
  '--widths',
  '2,4',
  '--budget',
  '40%bitops',
];

describe('fqsr sensitivity', () => {
  it('writes a plan within the budget that the other commands take, the same each time', async () => {
    expect((await runHere('import', golden, '-o', at('net.safetensors'))).code).toBe(0);
    const sweep = (name: string) => runHere('sensitivity', at('net.safetensors'), ...small, '-o', at(name), '--json');
    const { code, stdout, stderr } = await sweep('plan.json');
    expect(code, stderr).toBe(0);
    const done = JSON.parse(stdout);
    expect(done.widths).toEqual([2, 4, 8]);
    expect(done.cost).toBeLessThanOrEqual(done.budget.limit);
    expect(done.mse).toBeLessThanOrEqual(done.uniform.mse);
    const plan = JSON.parse(readFileSync(at('plan.json'), 'utf8'));
    expect(plan).toEqual(done.plan);
    for (const { role, node, bits } of done.tensors) {
      const own = plan.overrides.find(
        (other: { role: string; pattern: string }) => other.role === role && other.pattern === node,
      );
      expect(own?.spec.bits ?? (plan.name === 'mixed' ? 8 : bits)).toBe(bits);
    }
    await sweep('again.json');
    expect(readFileSync(at('again.json'), 'utf8')).toBe(readFileSync(at('plan.json'), 'utf8'));
    const info = await runHere('info', at('net.safetensors'), '--plan', at('plan.json'), '--json', '--audit');
    expect(info.code, info.stderr).toBe(0);
    expect(JSON.parse(info.stdout)).toMatchObject({ bitOpsPerPixel: done.cost, audit: { fullyQuantized: true } });
  });

  it.each<[string, readonly string[], 1 | 2, RegExp]>([
    ['a budget that is none', ['--budget', 'half'], 2, /--budget: .*must be such as 60%bitops/],
    ['a budget that nothing meets', ['--budget', '1%bitops'], 1, /budget must be at least \d+ \(bitOpsPerPixel\)/],
    ['a patch larger than the images', ['--patch', '100'], 1, /--patch: must be at most the 32x32/],
  ])('refuses %s', async (_title, args, code, message) => {
    const done = await runHere('sensitivity', at('net.safetensors'), ...small, ...args, '-o', at('refused.json'));
    expect(done.code, done.stderr).toBe(code);
    expect(done.stderr).toMatch(message);
    expect(existsSync(at('refused.json'))).toBe(false);
  });
});
