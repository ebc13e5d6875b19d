/**
 * PSNR and SSIM of 8-bit RGB images under named conventions.
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
export type { Image } from './image.js';
export { luma } from './luma.js';
export type { Metric } from './metric.js';
export { psnr } from './psnr.js';
export { type Measurement, type MetricName, measure, metricNames, metrics } from './registry.js';
export { ssim } from './ssim.js';
