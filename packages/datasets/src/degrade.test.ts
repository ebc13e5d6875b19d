import { describe, expect, it } from 'vitest';
import { gaussianKernel } from './degradations/gaussian-blur.js';
import { type DegradationStep, degradationNames } from './degradations/registry.js';
import { degrade } from './degrade.js';
import { type Image, makeImage } from './image.js';
import { resizeBicubic } from './resize.js';

const scene = (width: number, height: number): Image =>
  makeImage(
    width,
    height,
    Uint8Array.from({ length: width * height * 3 }, (_, i) => {
      const x = Math.floor(i / 3) % width;
      const y = Math.floor(i / 3 / width);
      return 120 + 50 * Math.sin(x / 3 + (i % 3)) + (x > y ? 60 : 0);
    }),
  );
const flat = (value: number) => makeImage(96, 96, new Uint8Array(96 * 96 * 3).fill(value));
const hr = scene(49, 34);

const steps: Record<(typeof degradationNames)[number], DegradationStep> = {
  'gaussian-blur': { kind: 'gaussian-blur', sigma: 1.5, sigmaAcross: 0.6, angle: 30 },
  'gaussian-noise': { kind: 'gaussian-noise', sigma: 8 },
  'poisson-noise': { kind: 'poisson-noise', peak: 100 },
  jpeg: { kind: 'jpeg', quality: 30 },
  bicubic: { kind: 'bicubic', factor: 0.7 },
};

function statistics({ data }: Image) {
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  const variance = data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length;
  return { mean, variance };
}

describe.each(degradationNames)('%s', (name) => {
  it('changes the image, the same way each time', async () => {
    const options = { scale: 2, steps: [steps[name]], seed: 5 };
    const lr = await degrade(hr, options);
    expect(lr).toMatchObject({ width: 24, height: 17, channels: 3 });
    expect(lr).toEqual(await degrade(hr, JSON.parse(JSON.stringify(options))));
    expect(lr.data).not.toEqual((await degrade(hr, { ...options, steps: [] })).data);
  });

  it('keeps a flat image flat on average', async () => {
    const { mean } = statistics(await degrade(flat(100), { scale: 1, steps: [steps[name]], seed: 1 }));
    // JPEG's coarsest step may move it by a level
    expect(Math.abs(mean - 100)).toBeLessThan(1.5);
  });
});

describe('degrade', () => {
  it('is bicubic without steps, and by the bicubic step alone', async () => {
    for (const scale of [1, 2, 3, 4]) {
      const image = scene(48, 36);
      const expected = resizeBicubic(image, 1 / scale);
      expect(await degrade(image, { scale, steps: [], seed: 1 })).toEqual(expected);
      expect(await degrade(image, { scale, steps: [{ kind: 'bicubic' }], seed: 1 })).toEqual(expected);
    }
  });

  it('draws other noise for other seeds and other steps', async () => {
    const noise: DegradationStep = { kind: 'gaussian-noise', sigma: 5 };
    const at = (seed: number, count = 1) => degrade(flat(90), { scale: 1, steps: Array(count).fill(noise), seed });
    expect((await at(1)).data).not.toEqual((await at(2)).data);
    const { variance } = statistics(await at(1, 2));
    expect(variance / 50).toBeCloseTo(1, 1);
  });

  it('shuffles by the seed', async () => {
    const all: readonly DegradationStep[] = [
      steps['gaussian-blur'],
      steps.jpeg,
      { kind: 'bicubic' },
      steps['poisson-noise'],
    ];
    const made = await Promise.all(
      [1, 2, 3, 4].map((seed) => degrade(hr, { scale: 2, steps: all, seed, order: 'random' })),
    );
    const given = await degrade(hr, { scale: 2, steps: all, seed: 1 });
    expect(made.some(({ data }) => data.join() !== given.data.join())).toBe(true);
    expect(made[0]).toEqual(await degrade(hr, { scale: 2, steps: all, seed: 1, order: 'random' }));
  });

  it('refuses what is out of range', async () => {
    const run = (step: DegradationStep, scale = 2, seed = 1) => degrade(hr, { scale, steps: [step], seed });
    await expect(run({ kind: 'jpeg', quality: 0 })).rejects.toThrow(/jpeg: quality must be from 1 to 100, got 0/);
    await expect(run({ kind: 'gaussian-blur', sigma: 0 })).rejects.toThrow(/sigma must be from 0.05 to 10, got 0/);
    await expect(run({ kind: 'poisson-noise', peak: Number.NaN })).rejects.toThrow(/peak must be .* got NaN/);
    await expect(run(steps.jpeg, 0)).rejects.toThrow(/scale must be/);
    await expect(run(steps.jpeg, 2, 0.5)).rejects.toThrow(/seed must be an integer, got 0.5/);
    const unknown = JSON.parse('{ "kind": "fog" }');
    await expect(run(unknown)).rejects.toThrow(/kind must be one of gaussian-blur, .*, got "fog"/);
  });
});

describe('noise', () => {
  it.each([2, 10, 20])('of sigma %d has that standard deviation', async (sigma) => {
    const noisy = await degrade(flat(128), { scale: 1, steps: [{ kind: 'gaussian-noise', sigma }], seed: 3 });
    // rounding adds 1/12
    expect(Math.sqrt(statistics(noisy).variance) / Math.sqrt(sigma ** 2 + 1 / 12)).toBeCloseTo(1, 1);
  });

  it('in grey is the same in all channels', async () => {
    const steps = [{ kind: 'gaussian-noise', sigma: 9, grey: true }] as const;
    const { data } = await degrade(flat(128), { scale: 1, steps, seed: 3 });
    expect(data.every((value, i) => value === data[i - (i % 3)])).toBe(true);
  });

  it.each([
    [30, 50],
    [60, 100],
    [100, 200],
    [1000, 128],
  ])('of peak %d at %d has the variance 255 x / peak', async (peak, value) => {
    const noisy = await degrade(flat(value), { scale: 1, steps: [{ kind: 'poisson-noise', peak }], seed: 4 });
    const { mean, variance } = statistics(noisy);
    expect(Math.abs(mean - value)).toBeLessThan(1);
    expect(variance / ((255 * value) / peak + 1 / 12)).toBeCloseTo(1, 0.9);
  });
});

describe('gaussianKernel', () => {
  it('has the variances along and across its angle', () => {
    const { side, radius, weights } = gaussianKernel({ sigma: 3, sigmaAcross: 1, angle: 30 });
    let along = 0;
    let across = 0;
    const [c, s] = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)];
    for (const [i, weight] of weights.entries()) {
      const [x, y] = [(i % side) - radius, Math.floor(i / side) - radius];
      along += weight * (c * x + s * y) ** 2;
      across += weight * (c * y - s * x) ** 2;
    }
    expect(Math.sqrt(along)).toBeCloseTo(3, 0.5);
    expect(Math.sqrt(across)).toBeCloseTo(1, 1);
  });

  it('by hand for sigma 1/2: the neighbour weighs exp(-2) of the centre', () => {
    const { side, weights } = gaussianKernel({ sigma: 0.5 });
    expect(side).toBe(5);
    expect(weights[13]! / weights[12]!).toBeCloseTo(Math.exp(-2), 12);
  });
});
