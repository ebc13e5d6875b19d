import { describe, expect, it } from 'vitest';
import { ModelError } from '../error.js';
import { cost } from '../passes/cost.js';
import { edsr } from './edsr.js';
import { buildGraph, modelByName } from './registry.js';

const costOf = (name: string, scale: number) => cost(buildGraph(modelByName(name, scale)));

describe('sizes by hand', () => {
  // Weights: head 27 * 64, bodies 33 * 9 * 64^2, upsampler 9 * 64 * (64 * f^2), tail 27 * 64; one bias for each output.
  it.each([
    [2, 1_369_859, 1_372_608],
    [3, 1_554_499, 1_565_568],
    [4, 1_517_571, 1_983_168],
  ])('edsr-baseline x%i', (scale, parameters, macs) => {
    expect(costOf('edsr-baseline', scale)).toMatchObject({ parameters, macsPerPixel: macs });
  });

  it('edsr x4 has 43.09 million parameters', () => {
    expect(costOf('edsr', 4).parameters).toBe(43_089_923);
  });

  it('edsr-f16b4 x2, direct', () => {
    const weights = 27 * 16 + 9 * 9 * 256 + 9 * 16 * 12;
    expect(costOf('edsr-f16b4', 2)).toMatchObject({ parameters: weights + 10 * 16 + 12, macsPerPixel: weights });
  });
});

describe('structure', () => {
  it('scales residuals only where the factor is not 1', () => {
    const config = { scale: 2, blocks: 3, features: 4, upsampler: 'shuffle' };
    const scales = (residualScale: number) =>
      edsr.build({ ...config, residualScale }, 'x').nodes.filter(({ op }) => op === 'scale').length;
    expect([scales(1), scales(0.1)]).toEqual([0, 3]);
  });

  it.each([
    ['direct', 2, [2]],
    ['direct', 3, [3]],
    ['direct', 4, [4]],
    ['shuffle', 2, [2]],
    ['shuffle', 3, [3]],
    ['shuffle', 4, [2, 2]],
  ] as const)('upsamples %s x%i by %j', (upsampler, scale, factors) => {
    const { nodes } = edsr.build({ scale, blocks: 1, features: 4, residualScale: 1, upsampler }, 'x');
    expect(nodes.flatMap((node) => (node.op === 'pixelShuffle' ? [node.factor] : []))).toEqual(factors);
    expect(nodes.at(-2)?.op).toBe(upsampler === 'direct' ? 'pixelShuffle' : 'conv2d');
  });
});

describe('refusals', () => {
  const config = { scale: 2, blocks: 1, features: 4 };
  it.each([
    ['config.scale must be an integer from 2 to 4, got 5', { ...config, scale: 5 }],
    ['config.scale must be an integer from 2 to 4, got undefined', { blocks: 1, features: 4 }],
    ['config.blocks must be an integer from 1 to 64, got 0', { ...config, blocks: 0 }],
    ['config.features must be an integer from 1 to 512, got 1.5', { ...config, features: 1.5 }],
    ['config.features must be an integer from 1 to 512, got 64', { ...config, features: '64' }],
    ['config.residualScale must lie in (0, 1], got 0', { ...config, residualScale: 0 }],
    ['config.residualScale must lie in (0, 1], got NaN', { ...config, residualScale: Number.NaN }],
    ['config.upsampler must be shuffle or direct, got nearest', { ...config, upsampler: 'nearest' }],
    ['config must have known fields only, got "depth"', { ...config, depth: 3 }],
  ])('%s', (reason, bad) => {
    expect(() => edsr.build(bad, 'x')).toThrow(ModelError);
    expect(() => edsr.build(bad, 'x')).toThrow(reason);
  });

  it('fills in what may be left out', () => {
    expect(edsr.check(config)).toEqual({ ...config, residualScale: 1, upsampler: 'shuffle', imageSkip: 'none' });
  });

  it('reads free-form names', () => {
    expect(edsr.parse('edsr-f16b4')).toEqual({
      features: 16,
      blocks: 4,
      residualScale: 1,
      upsampler: 'direct',
      imageSkip: 'none',
    });
    for (const name of ['edsr-f16', 'edsr-b4f16', 'edsr-f1234b1', 'edsr-f16b4 ', 'EDSR-f16b4'])
      expect(edsr.parse(name)).toBeNull();
    expect(() => modelByName('edsr-f0b4', 2)).toThrow('config.features must be');
  });
});
