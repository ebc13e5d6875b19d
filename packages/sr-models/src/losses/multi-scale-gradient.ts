import * as tf from '@tensorflow/tfjs';
import { meanAbsoluteDifference } from './absolute.js';
import type { Loss } from './types.js';

/** Sizes at which differences are taken: the image, and its means over 2x2 and 4x4 pixels. */
const LEVELS = 3;

/**
 * The mean absolute error of differences between neighbouring pixels, across and down, at full, half and quarter size; in grey levels.
 *
 * What stands in for a perceptual loss where no VGG weights are given. It punishes blurred and shifted edges and ignores constant offsets. It has learned
 * nothing: it knows no texture and no object, so it sharpens but does not make up detail as VGG features do.
 */
export const multiScaleGradient = {
  name: 'multi-scale-gradient',
  description: 'mean absolute error of pixel differences at three sizes, in place of VGG features',
  of: (sr, hr) => {
    const parts: tf.Scalar[] = [];
    let [a, b] = [sr, hr];
    for (let level = 0; level < LEVELS; level++) {
      if (level > 0) [a, b] = [halved(a), halved(b)];
      for (const axis of [1, 2] as const) {
        if ((a.shape[axis] as number) > 1) {
          parts.push(meanAbsoluteDifference(differences(a, axis), differences(b, axis)));
        }
      }
    }
    return tf.div(tf.addN(parts), parts.length);
  },
} as const satisfies Loss;

function differences(image: tf.Tensor4D, axis: 1 | 2): tf.Tensor4D {
  const [n, height, width, channels] = image.shape;
  const size: [number, number, number, number] =
    axis === 1 ? [n, height - 1, width, channels] : [n, height, width - 1, channels];
  return tf.sub(tf.slice(image, axis === 1 ? [0, 1, 0, 0] : [0, 0, 1, 0], size), tf.slice(image, [0, 0, 0, 0], size));
}

/** Means over 2x2 pixels; an odd last row or column is left out. Sides of 1 stay. */
function halved(image: tf.Tensor4D): tf.Tensor4D {
  return tf.avgPool(image, [Math.min(2, image.shape[1]), Math.min(2, image.shape[2])], [2, 2], 'valid');
}
