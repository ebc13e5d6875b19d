/** Linear equations by conjugate gradients (Hestenes and Stiefel, 1952). */
import { dot } from './matrix.js';

/**
 * `x` with `A x = b` for a symmetric, positive semidefinite `A`, from `x = 0`: of several solutions the one without a part that `A` does not see.
 *
 * @param apply `A x`, a new array
 * @param tolerance of `|A x - b| / |b|`, at which it ends
 * @param rounds at most
 * @param onRound hears after each round how far it has come, on the logarithmic way from `|b|` to the tolerance: 0..1
 */
export function conjugateGradients(
  apply: (x: Float64Array) => Float64Array,
  b: Float64Array,
  { tolerance, rounds }: { readonly tolerance: number; readonly rounds: number },
  onRound: (done: number) => void = () => {},
): Float64Array {
  const x = new Float64Array(b.length);
  const residual = b.slice();
  const direction = b.slice();
  let square = dot(residual, residual);
  const start = square;
  const enough = square * tolerance ** 2;
  for (let round = 0; round < rounds && square > enough; round++) {
    const image = apply(direction);
    const length = square / dot(direction, image);
    for (let i = 0; i < x.length; i++) {
      x[i] = (x[i] as number) + length * (direction[i] as number);
      residual[i] = (residual[i] as number) - length * (image[i] as number);
    }
    const next = dot(residual, residual);
    for (let i = 0; i < x.length; i++) {
      direction[i] = (residual[i] as number) + (next / square) * (direction[i] as number);
    }
    square = next;
    onRound(Math.min(1, Math.max(0, Math.log(square / start) / Math.log(enough / start))));
  }
  return x;
}
