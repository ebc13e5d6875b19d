/** The change of basis between linear layers in which quantization noise of values and of weights is least. */
import { QuantError } from '../error.js';
import { eigenOf, functionOf, product, trace, transposed } from './symmetric.js';
import { type ChannelTransform, randomRotation } from './transform.js';

/** Share of the mean eigenvalue that is added to both matrices: directions that hardly occur, or hardly matter, are not blown up. */
const RIDGE = 0.01;

/**
 * The transform `M` of channels `x`, read as `W x = (W M^-1)(M x)`, for the least noise behind the readers.
 *
 * With one grid for all channels of `M x`, whose step grows with their root mean square, the noise that its rounding leaves behind the readers is proportional to
 * `tr(M C M^T) tr(M^-T G M^-1)`, with `C = E[x x^T]` and `G = W^T W`; the noise that rounding `W M^-1` leaves is proportional to the same. It is least, `(tr (C^1/2 G C^1/2)^1/2)^2`, where both matrices become
 * multiples of each other: `M^T M = C^-1 # G`, the geometric mean `C^-1/2 (C^1/2 G C^1/2)^1/2 C^-1/2` of positive matrices (Pusz and Woronowicz, 1975). A rotation is still free: the eigenvectors of
 * `M C M^T`, then {@link randomRotation}, give every channel the same mean square. `M` keeps the mean square of all channels together.
 *
 * @param seed of the rotation
 * @throws QuantError when the sizes differ, or a matrix is zero or not finite
 */
export function balancingTransform(
  channels: number,
  {
    moments,
    gram,
  }: {
    /** `C`: second moments of the channels, symmetric, `[channels, channels]`; of several readers the sum, each divided by its trace. */
    readonly moments: Float64Array;
    /** `G`: sums over the readers' taps and outputs of products of weights, `[channels, channels]`; of several readers the sum, each divided by `tr(G C)` of its own. */
    readonly gram: Float64Array;
  },
  seed: number,
): ChannelTransform {
  const n = channels;
  for (const [name, matrix] of Object.entries({ moments, gram })) {
    const total = trace(matrix, n);
    if (matrix.length !== n * n || !(total > 0) || !Number.isFinite(total)) {
      throw new QuantError(
        'balancingTransform',
        `${name} must be ${n} x ${n} numbers with a positive trace, got ${matrix.length} with ${total}`,
        'give what was measured of as many channels',
      );
    }
  }
  const [c, g] = [ridged(moments, n), ridged(gram, n)];
  const root = functionOf(c, n, Math.sqrt);
  const inverseRoot = functionOf(c, n, (x) => 1 / Math.sqrt(x));
  const middle = functionOf(congruent(root, g, n), n, Math.sqrt);
  const mean = congruent(inverseRoot, middle, n);
  const [up, down] = [functionOf(mean, n, Math.sqrt), functionOf(mean, n, (x) => 1 / Math.sqrt(x))];
  const { vectors } = eigenOf(congruent(up, c, n), n);
  const rotation = randomRotation(n, seed);
  const matrix = product(product(rotation.matrix, transposed(vectors, n), n), up, n);
  const inverse = product(product(down, vectors, n), rotation.inverse, n);
  const after = trace(product(product(matrix, moments, n), transposed(matrix, n), n), n);
  const scale = Math.sqrt(trace(moments, n) / after);
  return { channels, matrix: matrix.map((x) => x * scale), inverse: inverse.map((x) => x / scale) };
}

/** `A B A` of symmetric matrices, symmetric to the last bit. */
function congruent(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const whole = product(product(a, b, n), a, n);
  return whole.map((x, at) => (x + (whole[(at % n) * n + Math.floor(at / n)] as number)) / 2);
}

function ridged(a: Float64Array, n: number): Float64Array {
  const ridge = (RIDGE * trace(a, n)) / n;
  return a.map((x, at) => (at % (n + 1) === 0 ? x + ridge : x));
}
