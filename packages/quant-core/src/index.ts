/**
 * `@fqsr/quant-core`: quantization specs, the scalar integer truth, and quantizers that train, over TensorFlow.js.
 */
export { type CalibrationName, calibrationByName, calibrations } from './calibration/registry.js';
export type { Calibration, Observer, ObserverState } from './calibration/types.js';
export { fakeQuant, type Quantized, quantizationError, quantizeExact, roundThrough, stepOf } from './fake-quant.js';
export { quantizerByName, quantizers } from './quantizers/registry.js';
export type { Quantizer } from './quantizers/types.js';
export { mulScale, real, type Scaled } from './scaled.js';
export * from './spec.js';
export { steByName, stes } from './ste/registry.js';
export type { Ste } from './ste/types.js';
