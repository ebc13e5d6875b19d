/**
 * Changes of basis of the channels between linear layers: `W2 (W1 x) = (W2 M^-1)(M W1 x)` for any invertible `M`, so the float network stays the same, while each new channel is a mixture of old
 * ones. Where `M` is a rotation, outliers are spread over all channels, values become nearly normal, and one uniform grid fits them better (QuIP#, Tseng et al., ICML 2024; QuaRot,
 * Ashkboos et al., NeurIPS 2024).
 */
import { QuantError } from '../error.js';
import type { Layer } from './equalize.js';
import { seededRandom } from './random.js';

/** An invertible matrix over channels and its inverse: row by row, `[channels, channels]`, in float64. */
export interface ChannelTransform {
  readonly channels: number;
  readonly matrix: Float64Array;
  readonly inverse: Float64Array;
}

/**
 * A random rotation of `channels = 2^k m`, `m` odd: `(H_k x Q) diag(+-1)`, with the Hadamard matrix `H_k` of `2^k` rows, divided by `sqrt(2^k)`, and a random orthogonal `Q` of `m`.
 * For powers of two all entries have the same magnitude, `1 / sqrt(channels)`.
 *
 * @param channels how many, 1 or more
 * @param seed of signs and of `Q`
 * @throws QuantError for a number of channels that is none
 *
 * @example
 * randomRotation(2, 1).matrix.map(Math.abs); // four times sqrt(1 / 2)
 */
export function randomRotation(channels: number, seed: number): ChannelTransform {
  if (!Number.isInteger(channels) || channels < 1) {
    throw new QuantError('randomRotation', `channels must be a whole number from 1, got ${channels}`, 'count them');
  }
  const random = seededRandom(seed);
  let odd = channels;
  while (odd % 2 === 0) odd /= 2;
  const size = channels / odd;
  const inner = randomOrthogonal(odd, random);
  const signs = Array.from({ length: channels }, () => (random() < 0.5 ? -1 : 1));
  const matrix = new Float64Array(channels * channels);
  for (let row = 0; row < channels; row++) {
    for (let column = 0; column < channels; column++) {
      const [i, j] = [Math.floor(row / odd), Math.floor(column / odd)];
      const hadamard = isOdd(i & j) ? -1 : 1;
      const entry = inner[(row % odd) * odd + (column % odd)] as number;
      matrix[row * channels + column] = (hadamard * entry * (signs[column] as number)) / Math.sqrt(size);
    }
  }
  return {
    channels,
    matrix,
    inverse: matrix.map((_, at) => matrix[(at % channels) * channels + Math.floor(at / channels)] as number),
  };
}

/**
 * A layer whose output is transformed: `W1' = M W1`, `b1' = M b1`. Where a pixel shuffle in `dcr` order follows, every subpixel's channels are: the output may be several
 * times the transform's channels.
 *
 * @throws QuantError when the channels do not fit
 */
export function transformOutputs(layer: Layer, { channels, matrix }: ChannelTransform): Layer {
  demandFit('transformOutputs', layer.outChannels, channels);
  const transformed = (values: Float32Array) =>
    values.map((_, at) => {
      const [first, row] = [at - (at % channels), at % channels];
      let sum = 0;
      for (let k = 0; k < channels; k++) sum += (matrix[row * channels + k] as number) * (values[first + k] as number);
      return sum;
    });
  return { ...layer, weights: transformed(layer.weights), bias: transformed(layer.bias) };
}

/**
 * A layer that reads transformed channels: `W2' = W2 M^-1`. With the layers in front changed by {@link transformOutputs} the composition is the same function.
 *
 * @throws QuantError when the channels do not fit
 */
export function transformInputs(layer: Layer, { channels, inverse }: ChannelTransform): Layer {
  const { inChannels, outChannels, weights } = layer;
  demandFit('transformInputs', inChannels, channels);
  return {
    ...layer,
    weights: weights.map((_, at) => {
      const [out, input] = [at % outChannels, Math.floor(at / outChannels)];
      const [first, column] = [input - (input % channels), input % channels];
      let sum = 0;
      for (let k = 0; k < channels; k++) {
        sum += (inverse[k * channels + column] as number) * (weights[(first + k) * outChannels + out] as number);
      }
      return sum;
    }),
  };
}

function demandFit(where: string, has: number, channels: number): void {
  if (has % channels === 0) return;
  throw new QuantError(
    where,
    `channels of the layer must be a multiple of the transform's ${channels}, got ${has}`,
    'make one for as many',
  );
}

/** Whether an odd number of bits is set. */
function isOdd(bits: number): boolean {
  let odd = false;
  for (let rest = bits; rest > 0; rest >>= 1) if (rest & 1) odd = !odd;
  return odd;
}

/** Rows of normal numbers, made orthonormal one after the other (Gram-Schmidt). */
function randomOrthogonal(size: number, random: () => number): Float64Array {
  const rows: Float64Array[] = [];
  for (let i = 0; i < size; i++) {
    const row = Float64Array.from({ length: size }, () => normal(random));
    for (const other of [...rows, ...rows]) {
      const along = dot(row, other);
      for (const [k, value] of other.entries()) row[k] = (row[k] as number) - along * value;
    }
    const norm = Math.sqrt(dot(row, row));
    rows.push(row.map((value) => value / norm));
  }
  return Float64Array.from(rows.flatMap((row) => [...row]));
}

const dot = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, value, k) => sum + value * (b[k] as number), 0);

/** A normal number (Box and Muller). */
const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
