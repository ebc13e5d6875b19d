/**
 * PSNR, SSIM and MS-SSIM of images under named conventions.
 */
export {
  type Convention,
  type ConventionName,
  conventionNames,
  conventions,
  type MeasureOptions,
  parseConvention,
} from './conventions.js';
export { MetricError } from './error.js';
export type { Image, Samples } from './image.js';
export { luma, lumaSingle } from './luma.js';
export type { Metric } from './metric.js';
export { msSsim } from './ms-ssim.js';
export { psnr } from './psnr.js';
export { type Measurement, type MetricName, measure, metricNames, metrics } from './registry.js';
export { ssim } from './ssim.js';
