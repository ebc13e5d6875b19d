/** How an image of 8 bits is the sum of two parts of 8 bits, to the grey level: an enlargement, and what a network adds to it. */
import { fixedZero } from '@fqsr/quant-core';
import type { PlanSpec } from '@fqsr/quant-core/spec';

/** The grid of both parts: levels 0..255 of step 1 for -64..191. */
export const imagePartSpec = {
  bits: 8,
  signed: false,
  affine: true,
  quantizer: 'fixed',
} as const satisfies PlanSpec;

/**
 * What an enlargement of `x - mean` leaves out, so that it is the image less 64: -64..191. The network adds as much, and so may go from 128 levels below the enlargement to 127 above it.
 *
 * @param mean what the input takes off each channel
 */
export function imagePart(mean: readonly number[]): readonly number[] {
  return mean.map((levels) => fixedZero(imagePartSpec.bits) - levels);
}
