/**
 * `@fqsr/quant-core`: quantization specs, the scalar integer truth, and quantizers that train, over TensorFlow.js.
 */
export { checkSpec } from './check-spec.js';
export { fakeQuant, gridOf, quantizationError, quantizeExact } from './fake-quant.js';
export { initQuantizer } from './init-quantizer.js';
export * from './post-training/index.js';
export { fusedKernels } from './quantize-op.js';
export { fixedZero } from './quantizers/fixed.js';
export * from './registry.js';
export { roundThrough } from './round-through.js';
export { mulScale, real, type Scaled, scaled } from './scaled.js';
export * from './spec.js';
