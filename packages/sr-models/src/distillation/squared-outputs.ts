import * as tf from '@tensorflow/tfjs';
import type { Distillation } from './types.js';

/** `mean (student - teacher)^2` of the images, in squared grey levels: what PSNR measures, so that few large errors, as of values that a grid clips, count more than many small ones. */
export const squaredOutputs = {
  name: 'squared-outputs',
  description: "mean squared error to the teacher's image",
  of: (student, teacher) => tf.mean(tf.squaredDifference(student.image, teacher.image)),
} as const satisfies Distillation;
