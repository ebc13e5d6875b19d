import { meanAbsoluteDifference } from '../losses/absolute.js';
import type { Distillation } from './types.js';

/** `mean |student - teacher|` of the images, in grey levels. */
export const outputs = {
  name: 'outputs',
  description: "mean absolute error to the teacher's image",
  of: (student, teacher) => meanAbsoluteDifference(student.image, teacher.image),
} as const satisfies Distillation;
