/** Which algorithm computes a convolution: exact Winograd where it pays and its arithmetic fits. */
import type { Conv2dNode } from '../../model.js';
import type { AccumulatorInfo, LevelsInfo } from '../../model-info.js';

/** Direct sums, or exact Winograd: F(3x3, 3x3) over the 3x3 parts of a kernel, F(4x4, 3x3) and F(6x6, 3x3) for kernels of 3x3. */
export type Algorithm = 'direct' | 'winograd3' | 'winograd4' | 'winograd6';

/** Fewest input channels for which the transforms pay. */
const CHANNELS = 16;

/** Levels, by what bounds their values. */
type Levels = Pick<LevelsInfo, 'qmin' | 'qmax' | 'zeroPoint' | 'spacing'>;

/**
 * The algorithm of fewest products whose arithmetic is exact. The bounds are derived where the kernels stand, in `assembly/winograd3.ts`, `winograd.ts` and
 * `winograd6.ts`: transformed inputs and weights must fit int16, which they always do for F(3x3), and sums lie below 2^25, or 2^29 for F(3x3).
 */
export function chooseAlgorithm(
  {
    kernel,
    inChannels,
    weightBits,
    weightSpacing,
  }: Pick<Conv2dNode, 'kernel' | 'inChannels' | 'weightBits' | 'weightSpacing'>,
  input: Levels,
  { bound }: Pick<AccumulatorInfo, 'bound'>,
): Algorithm {
  const [kh, kw] = kernel;
  if (kh < 3 || kw < 3 || inChannels < CHANNELS || bound >= 2 ** 29) return 'direct';
  if (kh > 3 || kw > 3 || bound >= 2 ** 25) return 'winograd3';
  const largest = weightSpacing === 2 ? 2 ** weightBits - 1 : 2 ** (weightBits - 1);
  if (largest <= 9 && fits(input, 1412, 1088, 1250)) return 'winograd6';
  return fits(input, 68, 32, 50) ? 'winograd4' : 'winograd3';
}

/**
 * Whether `B^T d B` fits int16 for all values `d` of the input. Positive and negative entries of the products of two rows of `B^T` sum to `[most, least]` for one pair
 * and its opposite, and to at most `[both, both]` for all others.
 */
function fits({ qmin, qmax, zeroPoint, spacing }: Levels, most: number, least: number, both: number): boolean {
  // Padding channels are 0, the border is `spacing - 1`.
  const value = (q: number, zero: number) => spacing * (q - zero) + spacing - 1;
  return zeroPoint.every((zero) => {
    const [low, high] = [Math.min(0, value(qmin, zero)), Math.max(spacing - 1, value(qmax, zero))];
    const largest = Math.max(most * high - least * low, least * high - most * low, both * (high - low));
    return largest < 2 ** 15;
  });
}
