import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseModel } from '@fqsr/runtime';
import { describe, expect, it } from 'vitest';
import { ModelError } from './error.js';
import { auditGraph } from './passes/audit.js';
import { raise } from './passes/raise.js';
import { bestZooModel, zoo, zooModel } from './zoo.js';

describe.each(zoo.map((card) => [card.name, card] as const))('%s', (_, card) => {
  const bytes = readFileSync(card.url);

  it('is the file that its card speaks of', () => {
    expect(bytes.length).toBe(card.bytes);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(card.sha256);
    expect(card.name).toBe(`${card.network}-${card.plan}`);
    for (const set of ['Set5', 'Set14', 'BSD100', 'Urban100']) {
      expect(card.figures[set]?.psnr, set).toBeGreaterThan(20);
      expect(card.float[set]?.psnr, set).toBeGreaterThan(20);
    }
  });

  it('is fully quantized, of its scale', () => {
    const model = parseModel(bytes);
    expect(model.scale).toBe(card.scale);
    expect(auditGraph(raise(model)).fullyQuantized).toBe(true);
  });
});

it('finds by name, and the best of a scale', () => {
  const [first] = zoo;
  expect(zooModel(first?.name as string)).toBe(first);
  const best = bestZooModel(2);
  for (const { scale, figures } of zoo) {
    if (scale === 2) expect(best.figures['Set5']?.psnr).toBeGreaterThanOrEqual(figures['Set5']?.psnr as number);
  }
});

it('refuses what it does not have', () => {
  expect(() => zooModel('edsr-f32b5-x2-w9a9s9')).toThrow(ModelError);
  expect(() => zooModel('no')).toThrow(/name must be one of edsr-.*, got no/);
  expect(() => bestZooModel(3)).toThrow(/scale must be one of .*, got 3/);
});
