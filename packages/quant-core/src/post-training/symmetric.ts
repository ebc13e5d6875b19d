/** Symmetric matrices: row by row, `[n, n]`, in float64. */

/** Rounds over all pairs, at most; ten are plenty for a hundred rows. */
const SWEEPS = 50;

/** `A = V diag(values) V^T`; eigenvectors are the columns of `V`. */
export interface Eigen {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
}

/** Eigenvalues and eigenvectors by cyclic Jacobi rotations (Golub and Van Loan, Matrix Computations, section 8.5). The same matrix gives the same bits. */
export function eigenOf(matrix: Float64Array, n: number): Eigen {
  const a = Float64Array.from(matrix);
  const v = identity(n);
  const at = (i: number, j: number): number => a[i * n + j] as number;
  const size = matrix.reduce((sum, value) => sum + value ** 2, 0);
  for (let sweep = 0; sweep < SWEEPS && offDiagonal(a, n) > 1e-24 * size; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (at(p, q) === 0) continue;
        const theta = (at(q, q) - at(p, p)) / (2 * at(p, q));
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        const turn = [c, t * c] as const;
        turnColumns(a, n, p, q, turn);
        turnRows(a, n, p, q, turn);
        turnColumns(v, n, p, q, turn);
      }
    }
  }
  return { values: Float64Array.from({ length: n }, (_, i) => at(i, i)), vectors: v };
}

/** `V diag(f(values)) V^T`. Eigenvalues below a billionth of the largest count as that. */
export function functionOf(matrix: Float64Array, n: number, f: (value: number) => number): Float64Array {
  const { values, vectors } = eigenOf(matrix, n);
  const least = 1e-9 * values.reduce((most, value) => Math.max(most, value), 0);
  const scaled = vectors.map((x, at) => x * f(Math.max(values[at % n] as number, least)));
  return product(scaled, transposed(vectors, n), n);
}

/** `A B`. */
export function product(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const x = a[i * n + k] as number;
      for (let j = 0; j < n; j++) out[i * n + j] = (out[i * n + j] as number) + x * (b[k * n + j] as number);
    }
  }
  return out;
}

/** `A^T`. */
export function transposed(a: Float64Array, n: number): Float64Array {
  return a.map((_, at) => a[(at % n) * n + Math.floor(at / n)] as number);
}

/** The sum of the diagonal. */
export function trace(a: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += a[i * n + i] as number;
  return sum;
}

function identity(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));
}

function offDiagonal(a: Float64Array, n: number): number {
  return a.reduce((sum, value, at) => (at % (n + 1) === 0 ? sum : sum + value ** 2), 0);
}

function turnColumns(a: Float64Array, n: number, p: number, q: number, [c, s]: readonly [number, number]): void {
  for (let k = 0; k < n; k++) turn(a, k * n + p, k * n + q, c, s);
}

function turnRows(a: Float64Array, n: number, p: number, q: number, [c, s]: readonly [number, number]): void {
  for (let k = 0; k < n; k++) turn(a, p * n + k, q * n + k, c, s);
}

function turn(a: Float64Array, i: number, j: number, c: number, s: number): void {
  const [x, y] = [a[i] as number, a[j] as number];
  a[i] = c * x - s * y;
  a[j] = s * x + c * y;
}
