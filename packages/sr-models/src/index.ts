/**
 * `@fqsr/sr-models`: super-resolution networks as graphs, and the passes over them.
 */
export * from './adam.js';
export * from './calibrate.js';
export * from './checkpoint.js';
export { ModelError } from './error.js';
export * from './graph.js';
export { losses } from './losses/registry.js';
export type { Loss } from './losses/types.js';
export { type EdsrConfig, edsr } from './models/edsr.js';
export * from './models/registry.js';
export { type SrresnetConfig, srresnet } from './models/srresnet.js';
export type { ModelConfig, ModelFamily } from './models/types.js';
export type { OnnxRounding } from './onnx/levels.js';
export {
  type OnnxExport,
  type OnnxLevels,
  type OnnxOptions,
  onnxInput,
  onnxOutput,
  toOnnx,
} from './onnx/to-onnx.js';
export { type OnnxRun, type OnnxTensorData, verifyOnnx } from './onnx/verify-onnx.js';
export * from './params.js';
export * from './passes/audit.js';
export * from './passes/cost.js';
export * from './passes/fold.js';
export * from './passes/forward.js';
export * from './passes/init.js';
export * from './passes/lower.js';
export * from './passes/parameters.js';
export * from './passes/quantize.js';
export * from './passes/raise.js';
export * from './passes/shapes.js';
export * from './passes/verify.js';
export * from './train-step.js';
