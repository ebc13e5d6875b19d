/**
 * `@fqsr/quant-core/registry`: everything that a spec may name, each a plain object of one file.
 */
export { percentileOf } from './calibration/percentile.js';
export { type CalibrationName, calibrationByName, calibrations } from './calibration/registry.js';
export type { Calibration, Fit, Observer, ObserverState } from './calibration/types.js';
export { type QuantizerName, quantizerByName, quantizers, registerQuantizer } from './quantizers/registry.js';
export type { Grid, GridFit, Quantizer, QuantizerParams } from './quantizers/types.js';
export { registerSte, type SteName, steByName, stes } from './ste/registry.js';
export type { Ste, SurrogateContext } from './ste/types.js';
