import { describe, expect, it } from 'vitest';
import { randomNumbers } from '../../test/devices.js';
import { balancingTransform } from './balance.js';
import { eigenOf, functionOf, product, trace, transposed } from './symmetric.js';

/** `B B^T` of random columns of very different lengths: positive. */
function positive(seed: number, n: number): Float64Array {
  const random = randomNumbers(seed);
  const columns = Float64Array.from({ length: n * n }, (_, at) => (random() - 0.5) * 2 ** -((at % n) / 2));
  return product(columns, transposed(columns, n), n);
}

const close = (a: Float64Array, b: Float64Array, digits: number) => {
  for (const [at, value] of a.entries()) expect(value).toBeCloseTo(b[at] as number, digits);
};
const unit = (n: number) => Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));

describe('symmetric matrices', () => {
  it('are their eigenvalues in the basis of their eigenvectors', () => {
    const n = 12;
    const a = positive(3, n);
    const { values, vectors } = eigenOf(a, n);
    close(product(transposed(vectors, n), vectors, n), unit(n), 12);
    const turned = product(product(transposed(vectors, n), a, n), vectors, n);
    close(
      turned,
      Float64Array.from(turned, (_, at) => (at % (n + 1) === 0 ? (values[at % n] as number) : 0)),
      12,
    );
  });

  it('by hand: [[2, 1], [1, 2]] has 1 and 3, and a square root', () => {
    const a = Float64Array.of(2, 1, 1, 2);
    expect([...eigenOf(a, 2).values].sort()).toEqual([expect.closeTo(1, 14), expect.closeTo(3, 14)]);
    const root = functionOf(a, 2, Math.sqrt);
    close(product(root, root, 2), a, 14);
    expect([...eigenOf(unit(3), 3).values]).toEqual([1, 1, 1]);
  });
});

describe('balancingTransform', () => {
  const n = 16;
  const [moments, gram] = [positive(1, n), positive(2, n)];
  const noise = (m: Float64Array, inverse: Float64Array) =>
    trace(product(product(m, moments, n), transposed(m, n), n), n) *
    trace(product(product(transposed(inverse, n), gram, n), inverse, n), n);

  it('has its inverse, keeps the mean square, and gives every channel the same', () => {
    const { matrix, inverse } = balancingTransform(n, { moments, gram }, 1);
    close(product(matrix, inverse, n), unit(n), 9);
    const after = product(product(matrix, moments, n), transposed(matrix, n), n);
    expect(trace(after, n)).toBeCloseTo(trace(moments, n), 9);
    // The ridge leaves them a little apart.
    for (let i = 0; i < n; i++) expect((after[i * (n + 1)] as number) / (trace(moments, n) / n)).toBeCloseTo(1, 1);
  });

  it('comes near to the least noise, which is the square of tr (C^1/2 G C^1/2)^1/2, and far below what was', () => {
    const { matrix, inverse } = balancingTransform(n, { moments, gram }, 1);
    const root = functionOf(moments, n, Math.sqrt);
    const least = trace(functionOf(product(product(root, gram, n), root, n), n, Math.sqrt), n) ** 2;
    const [before, after] = [noise(unit(n), unit(n)), noise(matrix, inverse)];
    expect(after).toBeGreaterThanOrEqual(least * (1 - 1e-9));
    expect(after).toBeLessThan(least * 1.1);
    expect(after).toBeLessThan(before * 0.7);
  });

  it('is the same for the same seed, and refuses what it cannot use', () => {
    const of = (seed: number) => balancingTransform(n, { moments, gram }, seed).matrix;
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
    const zero = new Float64Array(n * n);
    expect(() => balancingTransform(n, { moments: zero, gram }, 1)).toThrow('moments must be 16 x 16 numbers with a');
    expect(() => balancingTransform(8, { moments, gram }, 1)).toThrow('moments must be 8 x 8');
  });
});
