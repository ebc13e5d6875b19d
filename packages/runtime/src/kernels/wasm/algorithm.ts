/** Which algorithm computes a convolution: exact Winograd where it pays and its arithmetic fits. */
import type { Conv2dNode, IntegerTensor } from '../../model.js';
import type { AccumulatorInfo, LevelsInfo } from '../../validate.js';

/** Direct sums, or exact Winograd F(4x4, 3x3). */
export type Algorithm = 'direct' | 'winograd4';

/** Fewest input channels for which the transforms pay. */
const CHANNELS = 16;

/**
 * Winograd F(4x4, 3x3) is exact where transformed inputs (absolute row sums 10, so 100 times the largest value) and weights (49 times the largest) fit int16, and
 * sums without the bias lie below 2^25.
 */
export function chooseAlgorithm(
  { kernel, inChannels }: Conv2dNode,
  weights: IntegerTensor,
  { qmin, qmax, zeroPoint, spacing }: LevelsInfo,
  { bound }: AccumulatorInfo,
): Algorithm {
  if (kernel[0] !== 3 || kernel[1] !== 3 || inChannels < CHANNELS) return 'direct';
  const reach = zeroPoint.reduce(
    (most, zero) => Math.max(most, ...[qmin, qmax].map((q) => Math.abs(spacing * (q - zero) + spacing - 1))),
    0,
  );
  let largest = 0;
  for (let i = 0; i < weights.length; i++) largest = Math.max(largest, Math.abs(weights[i] as number));
  return 100 * reach < 2 ** 15 && 49 * largest < 2 ** 15 && bound < 2 ** 25 ? 'winograd4' : 'direct';
}
