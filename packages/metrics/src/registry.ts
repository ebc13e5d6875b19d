/**
 * The metrics. A new one is a file beside this one and a line here.
 */
import type { MeasureOptions } from './conventions.js';
import type { Image } from './image.js';
import type { Metric } from './metric.js';
import { msSsimMetric } from './ms-ssim.js';
import { psnrMetric } from './psnr.js';
import { ssimMetric } from './ssim.js';

/** All metrics by name. */
export const metrics = {
  psnr: psnrMetric,
  ssim: ssimMetric,
  'ms-ssim': msSsimMetric,
} satisfies Record<string, Metric>;

/** Name of a metric. */
export type MetricName = keyof typeof metrics;

/** The names of all metrics. */
export const metricNames = Object.keys(metrics) as readonly MetricName[];

/** What tables report. */
export type Measurement = Readonly<Record<'psnr' | 'ssim', number>>;

/**
 * PSNR and SSIM of an image against its ground truth.
 *
 * @throws MetricError when sizes differ or too little is left after the crop
 *
 * @example
 * measure(sr, hr, { convention: 'edsr-benchmark', scale: 4 }); // { psnr: 32.09, ssim: 0.8936 }
 */
export function measure(sr: Image, hr: Image, options: MeasureOptions): Measurement {
  return { psnr: psnrMetric.compare(sr, hr, options), ssim: ssimMetric.compare(sr, hr, options) };
}
