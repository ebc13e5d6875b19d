import { describe, expect, it } from 'vitest';
import { randomNumbers } from '../../test/devices.js';
import { makeSpec, type QuantSpec } from '../quant-spec.js';
import { bestLimit, entropy } from './entropy.js';

/** The definition, step by step. */
function divergence(counts: readonly number[], limit: number, groups: number): number {
  const total = counts.reduce((a, b) => a + b, 0);
  const kept = counts.slice(0, limit);
  const sum = kept.reduce((a, b) => a + b, 0);
  const p = [...kept];
  p[limit - 1] = (p[limit - 1] as number) + total - sum;
  const groupOf = (bin: number) => Math.floor((bin * groups) / limit);
  let result = 0;
  for (let bin = 0; bin < limit; bin++) {
    const own = kept.filter((n, other) => n > 0 && groupOf(other) === groupOf(bin));
    const q = (kept[bin] as number) > 0 ? own.reduce((a, b) => a + b, 0) / own.length / sum : 0;
    const share = (p[bin] as number) / total;
    if (share > 0) result += q > 0 ? share * Math.log(share / q) : Number.POSITIVE_INFINITY;
  }
  return result;
}

function fit(values: Float32Array, spec: QuantSpec) {
  const observer = entropy.create();
  observer.observe(values);
  return observer.fit(spec);
}

describe('the limit of least divergence', () => {
  it.each([1, 2, 3, 5, 8, 16])('is that of the definition: %i groups', (groups) => {
    const random = randomNumbers(groups);
    for (let trial = 0; trial < 40; trial++) {
      const counts = Array.from({ length: 30 }, (_, i) => Math.max(0, Math.floor((random() + 0.7) * 200 * 0.85 ** i)));
      counts[29] = 1 + (trial % 3);
      const limit = bestLimit(Float64Array.from(counts), groups);
      let least = Number.POSITIVE_INFINITY;
      for (let i = groups; i <= 30; i++) least = Math.min(least, divergence(counts, i, groups));
      expect(limit).toBeGreaterThanOrEqual(groups);
      expect(divergence(counts, limit, groups)).toBeCloseTo(least, 9);
    }
  });

  it('takes all bins when they are fewer than the groups', () => {
    expect(bestLimit(Float64Array.of(3, 1), 8)).toBe(2);
  });
});

describe('the entropy calibration', () => {
  const random = randomNumbers(8);
  const values = Float32Array.from(
    { length: 20_000 },
    (_, i) => Math.sign(random()) * -Math.log(Math.abs(random()) + 1e-9) * (i === 0 ? 30 : 1),
  );

  it('cuts an outlier and keeps the bulk, at 8 bits', () => {
    const most = values.reduce((top, x) => Math.max(top, Math.abs(x)), 0);
    const clip = fit(values, makeSpec({ bits: 8 })).step * 127;
    expect(clip).toBeLessThan(most / 2);
    expect(clip).toBeGreaterThan(4);
  });

  it('ignores how many zeros there are', () => {
    const padded = new Float32Array(60_000);
    padded.set(values);
    expect(fit(padded, makeSpec({ bits: 8 }))).toEqual(fit(values, makeSpec({ bits: 8 })));
  });

  it('counts only the side that has levels, and spans both where the grid is affine', () => {
    const positive = values.map((x) => Math.max(0, x));
    const spec = makeSpec({ bits: 8, signed: false });
    // The outlier on the other side widens the bins, and nothing else.
    expect(fit(values, spec).step / fit(positive, spec).step).toBeCloseTo(1, 0);
    const { step, zeroPoint } = fit(values, makeSpec({ bits: 8, signed: false, affine: true }));
    expect(zeroPoint).toBeGreaterThan(100);
    expect(zeroPoint).toBeLessThan(155);
    expect(step * 255).toBeGreaterThan(8);
    expect(fit(positive, makeSpec({ bits: 8, signed: false, affine: true })).zeroPoint).toBe(0);
  });
});
