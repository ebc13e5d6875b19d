import { resizeBicubic } from '@fqsr/datasets';
import type { Method } from './method.js';

/** Bicubic as a super-resolution network would be measured: from the data set's own low-resolution RGB image. */
export const bicubicMethod = {
  description: "bicubic of the data set's LR image in RGB",
  protocol: "RGB, then Y: the data set's LR image upscaled in RGB, rounded to 8 bits, then measured",
  colours: ['y', 'y-single', 'rgb'],
  compare: ({ lr, hr }) => ({ sr: resizeBicubic(lr, { width: hr.width, height: hr.height }), hr }),
} satisfies Method;
