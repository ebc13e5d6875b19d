/**
 * `@fqsr/quant-core/layers`: quantized layers for TensorFlow.js models, and what makes one out of a model that has none. Importing it registers the layers
 * with `tf.serialization`, so that `tf.loadLayersModel` knows them.
 */
export { QuantAdd, type QuantAddArgs } from './add.js';
export { type AuditRow, auditModel, type ModelAudit, type TensorKind } from './audit-model.js';
export { calibrateModel } from './calibrate-model.js';
export { QuantConv2D, type QuantConv2DArgs } from './conv2d.js';
export { QuantDense, type QuantDenseArgs } from './dense.js';
export { QuantDepthwiseConv2D, type QuantDepthwiseConv2DArgs } from './depthwise-conv2d.js';
export type { Folded } from './fold-batch-norm.js';
export { QuantLayer } from './quant-layer.js';
export type {
  CalibrationState,
  LayerRole,
  LayerSpec,
  Quantization,
  QuantizationArgs,
  WarmUpArgs,
} from './quantization.js';
export { Quantize, type QuantizeArgs } from './quantize.js';
export { type FloatLayer, type QuantizedModel, type QuantizeModelOptions, quantizeModel } from './quantize-model.js';
export { type AnyQuantLayer, isQuantLayer, quantLayers } from './registry.js';
export type { WarmUpProgress } from './warm-up.js';
