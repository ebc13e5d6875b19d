/**
 * Sizes of the networks that papers and their released code use, as published: parameters in thousands, and multiply-adds in thousands of millions for a result of 1280 x 720
 * pixels (the convention of CARN, Ahn et al., ECCV 2018).
 */
import { describe, expect, it } from 'vitest';
import { discriminatorParameters } from '../adversarial/discriminator.js';
import { cost } from '../passes/cost.js';
import { parameters } from '../passes/parameters.js';
import { buildGraph, modelByName } from './registry.js';

const of = (name: string, scale: number) => buildGraph(modelByName(name, scale));
const gigaMacs = (name: string, scale: number) => (cost(of(name, scale)).macsPerPixel * 1280 * 720) / scale ** 2 / 1e9;

it.each([
  ['edsr-baseline', 2, 1_369_859],
  ['edsr-baseline', 3, 1_554_499],
  ['edsr-baseline', 4, 1_517_571],
  ['edsr', 2, 40_729_603],
  ['edsr', 3, 43_680_003],
  ['edsr', 4, 43_089_923],
  // BasicSR: what its training prints.
  ['msrresnet', 4, 1_517_571],
  // With biases, batch normalisation and a slope for each channel: the trainable parameters of krasserm/super-resolution.
  ['srresnet', 4, 1_550_659],
  ['srgan', 4, 1_550_659],
])('%s x%i has %i parameters', (name, scale, count) => {
  expect(cost(of(name, scale)).parameters).toBe(count);
});

it("MLPerf Mobile's f32b5, by hand", () => {
  const weights = 27 * 32 + 11 * 9 * 32 * 32 + 9 * 32 * 12;
  expect(cost(of('edsr-f32b5', 2))).toMatchObject({ parameters: weights + 12 * 32 + 12, macsPerPixel: weights });
});

it.each([
  ['edsr-baseline', 2, 316.3],
  ['edsr-baseline', 4, 114.2],
  ['srresnet', 4, 127.8],
  ['msrresnet', 4, 146.1],
])('%s x%i takes %f G multiply-adds', (name, scale, giga) => {
  expect(Math.abs(gigaMacs(name, scale) - giga)).toBeLessThan(0.1);
});

describe('SRGAN', () => {
  it('has the 1,543 thousand weights that tables give SRResNet, biases, slopes and norms aside', () => {
    const weights = parameters(of('srresnet', 4)).filter(({ kind }) => kind === 'weight');
    expect(Math.round(sizeOf(weights) / 1000)).toBe(1543);
  });

  it("has krasserm's discriminator of 96 x 96 pixels, without the biases in front of norms", () => {
    const behind = 64 + 2 * 128 + 2 * 256 + 2 * 512;
    expect(sizeOf(discriminatorParameters({ side: 96, features: 64 }))).toBe(23_565_505 - behind);
  });
});

function sizeOf(all: readonly { readonly shape: readonly number[] }[]): number {
  return all.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}
