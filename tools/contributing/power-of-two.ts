import { type Quantizer, roundThrough } from '@fqsr/quant-core';
import * as tf from '@tensorflow/tfjs';

/** Steps that are powers of two, so that a change of grid is a shift: `s = 2^round(logStep)`, the rounding passed through. */
export const powerOfTwo = {
  name: 'power-of-two',
  description: 'learned step, a power of two',
  formula: 's = 2^round(logStep)',
  params: { logStep: 'grid' },
  refuses: ({ affine }) => (affine ? 'not be affine (affine: false)' : null),
  init: ({ steps }) => ({ logStep: steps.map(Math.log2) }),
  grid: ({ logStep }) => ({ step: tf.pow(2, roundThrough(logStep as tf.Tensor1D)) as tf.Tensor1D, zeroPoint: null }),
  stepGradient: 'residual',
} as const satisfies Quantizer;
