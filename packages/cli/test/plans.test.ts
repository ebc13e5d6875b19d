/** `--plan` in all its forms, and the costs that `fqsr info` compares. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { makePlan, planFromPreset } from '@fqsr/quant-core/spec';
import { buildGraph, modelByName, quantizeGraph } from '@fqsr/sr-models';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseOptions } from '../src/command.js';
import { compareCosts, comparisonTable } from '../src/cost-comparison.js';
import { UsageError } from '../src/errors.js';
import { planOption, planSchema, resolvePlan } from '../src/plan-option.js';
import { fqsr, scratch } from './fqsr.js';

const at = scratch();
const mixed = {
  ...planFromPreset('w4a4s8'),
  name: 'mixed',
  overrides: [{ pattern: 'body.{0..3}.conv*', role: 'weights' as const, spec: { bits: 2 } }],
};
const file = (name: string, content: unknown): string => {
  writeFileSync(at(name), typeof content === 'string' ? content : JSON.stringify(content));
  return at(name);
};

describe('--plan', () => {
  it('takes a preset, a file, and in a config file the plan itself', async () => {
    expect(await resolvePlan('w2a2s4')).toEqual(planFromPreset('w2a2s4'));
    expect(await resolvePlan(file('mixed.json', { $schema: 'plan.schema.json', ...mixed }))).toEqual(makePlan(mixed));
    const shape = z.object({ plan: planOption('plan').optional() });
    const { plan } = parseOptions(shape, JSON.parse(JSON.stringify({ plan: mixed })), {});
    expect(await resolvePlan(plan ?? '')).toEqual(makePlan(mixed));
  });

  it('accepts every preset of 2 to 8 bits by its own schema', () => {
    for (const name of ['w8a8s8', 'w2a2s4', 'w3a5s6', 'body-w4a4']) {
      expect(planSchema.safeParse(JSON.parse(JSON.stringify(planFromPreset(name)))).success).toBe(true);
    }
  });

  const { skips, ...threeRoles } = mixed.roles;
  it.each<[string, () => string, string]>([
    [
      'a width',
      () => file('a.json', { ...mixed, roles: { ...mixed.roles, skips: { bits: 12 } } }),
      'plan.roles.skips: ',
    ],
    ['a role that is missing', () => file('b.json', { ...mixed, roles: threeRoles }), 'plan.roles.skips must be given'],
    ['a field', () => file('c.json', { ...mixed, overides: [] }), 'plan must have known fields only, got "overides"'],
    [
      'an override',
      () => file('d.json', { ...mixed, overrides: [{ ...mixed.overrides[0], role: 'bias' }] }),
      'plan.overrides[0].role must be one of weights',
    ],
    [
      'a text for a number',
      () => file('e.json', { ...mixed, roles: { ...mixed.roles, skips: { ...skips, bits: '8' } } }),
      'plan.roles.skips',
    ],
    ['no JSON', () => file('f.json', '{'), 'f.json must hold JSON'],
    ['a list', () => file('g.json', [1]), 'plan must be an object with roles'],
    ['a preset that there is not', () => 'w9a9s9', 'plan must be written w<2-8>a<1-8>s<1-8>'],
  ])('refuses %s by its path', async (_title, value, reason) => {
    const work = resolvePlan(value());
    await expect(work).rejects.toThrow(UsageError);
    await expect(work).rejects.toThrow(reason);
  });

  it('names the field of a plan in a config file', () => {
    const shape = z.object({ plan: planOption('plan') });
    const bad = { plan: { ...mixed, roles: { ...mixed.roles, skips: { bits: '8' } } } };
    expect(() => parseOptions(shape, bad, {})).toThrow('--plan: roles.skips.bits must be a number');
  });
});

describe('the plan of the documentation', () => {
  it('is the released EDSR policy of FQSR, layer by layer', async () => {
    const plan = await resolvePlan(fileURLToPath(new URL('../../../docs/plans/fqsr-edsr-x2.json', import.meta.url)));
    const { nodes } = quantizeGraph(buildGraph(modelByName('edsr-baseline', 2)), plan);
    const fullRange: string[] = [];
    const halfRange: string[] = [];
    for (const node of nodes) {
      if (node.op === 'quantize' && node.role === 'activations')
        (node.spec.grid === 'midrise' && node.spec.signed ? fullRange : halfRange).push(node.name);
    }
    // by_index: 1 4 7 ... 46 49 50, by_tag: fm, half_range: False; index 0 (the image) has none.
    const firsts = Array.from({ length: 16 }, (_, i) => `body.${i}.conv1.in`);
    expect(new Set(fullRange)).toEqual(new Set([...firsts, 'body.conv.in', 'up.0.conv.in']));
    expect(new Set(halfRange)).toEqual(new Set([...firsts.map((name) => name.replace('1.in', '2.in')), 'tail.in']));
    // by_index: 51 52 53, by_tag: ot, enable: False: the tail and the global add.
    const skips = nodes.flatMap((node) => (node.op === 'quantize' && node.role === 'skips' ? [node.name] : []));
    expect(skips).toHaveLength(32);
    expect(skips.filter((name) => name.startsWith('body.add'))).toEqual([]);
    expect(nodes.some((node) => node.op === 'quantize' && node.role === 'outputs')).toBe(false);
  });
});

describe('compared costs', () => {
  it('are of float, of the body alone at the same bits, and of the plan', () => {
    const columns = compareCosts(buildGraph(modelByName('srresnet', 4)), planFromPreset('w4a3s8'));
    expect(columns.map(({ label, fullyQuantized }) => [label, fullyQuantized])).toEqual([
      ['float', false],
      ['body-w4a3', false],
      ['w4a3s8', true],
    ]);
    const [float, body, full] = columns.map(({ cost }) => cost);
    expect(body?.peakActivationBytesPerPixel).toBe(float?.peakActivationBytesPerPixel);
    expect(body?.bodySkipBytesPerPixel).toBe(float?.bodySkipBytesPerPixel);
    expect(full?.bodySkipBytesPerPixel).toBe((float?.bodySkipBytesPerPixel ?? 0) / 4);
    expect(full?.bitOpsPerPixel).toBeLessThan((body?.bitOpsPerPixel ?? 0) / 10);
    expect(comparisonTable(columns, '1x1', 1)).toMatch(/of these skips +1.02 kB +1.02 kB \(100 %\) +256 B \(25 %\)/);
  });

  it('of a body-only plan leave the third column out', () => {
    const columns = compareCosts(buildGraph(modelByName('edsr-f4b1', 2)), planFromPreset('body-w2a2'));
    expect(columns.map(({ label }) => label)).toEqual(['float', 'body-w2a2']);
  });

  it('are printed and drawn by fqsr info', async () => {
    const asked = ['edsr-baseline', '--scale', '4', '--plan', file('plan.json', mixed), '--chart', at('chart.html')];
    const { code, stdout, stderr } = await fqsr('info', ...asked, '--json');
    expect(code, stderr).toBe(0);
    const { comparison, bitOpsFormula } = JSON.parse(stdout);
    expect(comparison.map(({ label }: { label: string }) => label)).toEqual(['float', 'body-w4a4', 'mixed']);
    expect(stderr).toContain(bitOpsFormula);
    const page = readFileSync(at('chart.html'), 'utf8');
    for (const part of ['body-w4a4', 'uPlot.paths.bars', 'peak in the body', bitOpsFormula])
      expect(page).toContain(part);
  });

  it('need a plan, and a float network to put it on', async () => {
    const chart = await fqsr('info', 'edsr-f4b1', '--chart', at('none.html'));
    expect([chart.code, existsSync(at('none.html'))]).toEqual([2, false]);
    expect(chart.stderr).toMatch(/--chart: must have a plan to compare/);
  });
});
