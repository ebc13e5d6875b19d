/** An exported float network against the graph it was made from. */
import * as tf from '@tensorflow/tfjs';
import { ModelError } from '../error.js';
import { toTensors } from '../params.js';
import type { Network } from '../passes/fold.js';
import { forward } from '../passes/forward.js';
import type { ImageBytes } from '../passes/verify.js';

/** How far two float images are apart. */
export interface FloatAgreement {
  readonly samples: number;
  /** Greatest and mean distance, in grey levels (0..255). */
  readonly largest: number;
  readonly mean: number;
}

/** Grey levels that engines may differ by: sums of float32 in another order, or by way of Winograd's transforms, over the depth of a network. */
export const floatTolerance = 0.05;

/**
 * Runs a float network on an image and compares.
 *
 * @param upscaled grey levels of the other engine, NHWC (interleaved)
 * @throws ModelError when the other engine gave another size
 */
export function verifyFloat(
  { graph, params }: Network,
  image: ImageBytes,
  upscaled: ArrayLike<number>,
): FloatAgreement {
  const expected = tf.tidy(() => {
    const pixels = tf.tensor4d(Float32Array.from(image.data), [1, image.height, image.width, 3]);
    return forward(graph, pixels, { params: toTensors(graph, params), mode: 'float' }).dataSync();
  });
  if (expected.length !== upscaled.length) {
    throw new ModelError(
      'verifyFloat',
      `upscaled must have ${expected.length} samples, got ${upscaled.length}`,
      'run the network on the same image',
    );
  }
  let largest = 0;
  let sum = 0;
  for (let i = 0; i < expected.length; i++) {
    const apart = Math.abs((expected[i] as number) - (upscaled[i] as number));
    // Not a number is as far apart as can be.
    if (!(apart <= largest)) largest = Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart;
    sum += apart;
  }
  return { samples: expected.length, largest, mean: sum / expected.length };
}
