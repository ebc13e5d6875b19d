/** Which algorithm computes a convolution: exact Winograd where it pays and its arithmetic fits. */
import type { Conv2dNode } from '../../model.js';
import type { AccumulatorInfo, LevelsInfo } from '../../validate.js';

/** Direct sums, or exact Winograd: F(4x4, 3x3), or F(3x3, 3x3) over the 3x3 parts of a kernel. */
export type Algorithm = 'direct' | 'winograd4' | 'winograd3';

/** Fewest input channels for which the transforms pay. */
const CHANNELS = 16;

/**
 * The algorithm of fewest products whose arithmetic is exact. The bounds are derived where the kernels stand, in `assembly/winograd.ts` and `assembly/winograd3.ts`:
 * transformed inputs of F(4x4) must fit int16, and sums lie below 2^25, or 2^29 for F(3x3).
 */
export function chooseAlgorithm(
  { kernel, inChannels }: Pick<Conv2dNode, 'kernel' | 'inChannels'>,
  input: Pick<LevelsInfo, 'qmin' | 'qmax' | 'zeroPoint' | 'spacing'>,
  { bound }: Pick<AccumulatorInfo, 'bound'>,
): Algorithm {
  const [kh, kw] = kernel;
  if (kh < 3 || kw < 3 || inChannels < CHANNELS || bound >= 2 ** 29) return 'direct';
  return kh === 3 && kw === 3 && bound < 2 ** 25 && fitsTiles4(input) ? 'winograd4' : 'winograd3';
}

/** Whether `B^T d B` of F(4x4, 3x3) fits int16 for all values `d` of the input. */
function fitsTiles4({
  qmin,
  qmax,
  zeroPoint,
  spacing,
}: Pick<LevelsInfo, 'qmin' | 'qmax' | 'zeroPoint' | 'spacing'>): boolean {
  // Padding channels are 0, the border is `spacing - 1`.
  const value = (q: number, zero: number) => spacing * (q - zero) + spacing - 1;
  return zeroPoint.every((zero) => {
    const [low, high] = [Math.min(0, value(qmin, zero)), Math.max(spacing - 1, value(qmax, zero))];
    return Math.max(68 * high - 32 * low, 32 * high - 68 * low, 50 * (high - low)) < 2 ** 15;
  });
}
