/**
 * `@fqsr/sr-models`: super-resolution networks as graphs, and the passes over them.
 */
export * from './adversarial/adversarial-trainer.js';
export * from './adversarial/adversary.js';
export {
  type DiscriminatorConfig,
  discriminate,
  discriminatorParameters,
  initDiscriminator,
} from './adversarial/discriminator.js';
export { adversarialLosses } from './adversarial/registry.js';
export type { AdversarialLoss } from './adversarial/types.js';
export * from './calibrate.js';
export * from './checkpoint.js';
export type { TrainingState } from './checkpoint-training.js';
export { distillations } from './distillation/registry.js';
export * from './distillation/teacher.js';
export type { Distillation, Made } from './distillation/types.js';
export { ModelError } from './error.js';
export { type FlatLayout, flatLayout, flatten, unflatten } from './flat.js';
export { floatGraph, floatNetwork } from './float-export/float-network.js';
export { toFloatOnnx } from './float-export/to-float-onnx.js';
export { type TfjsExport, tfjsInput, tfjsOutput, toTfjs } from './float-export/to-tfjs.js';
export { type FloatAgreement, floatTolerance, verifyFloat } from './float-export/verify-float.js';
export * from './graph.js';
export * from './import/index.js';
export { lossByName, losses, lossName, lossWeights } from './losses/registry.js';
export type { Loss, LossContext } from './losses/types.js';
export { type EdsrConfig, edsr } from './models/edsr.js';
export { type MsrresnetConfig, msrresnet } from './models/msrresnet.js';
export * from './models/registry.js';
export { type SrresnetConfig, srresnet } from './models/srresnet.js';
export type { ModelConfig, ModelFamily, RawConfig } from './models/types.js';
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
export * from './optimizers/optimizer.js';
export { optimizers } from './optimizers/registry.js';
export type { OptimizerOptions, OptimizerRule, OptimizerStep } from './optimizers/types.js';
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
export * from './passes/scales.js';
export * from './passes/shapes.js';
export * from './passes/verify.js';
export type { FeatureExtractor, FeatureMap } from './perceptual/types.js';
export * from './perceptual/vgg19.js';
export { balanceGraph } from './post-training/balance-graph.js';
export { type CalibrationBatch, calibrateGraph } from './post-training/calibrate-graph.js';
export { correctOutput } from './post-training/correct-output.js';
export { equalizeGraph } from './post-training/equalize-graph.js';
export { type WithImageSkip, withImageSkip } from './post-training/image-skip.js';
export {
  type PostTrained,
  type PostTrainOptions,
  postTrain,
  postTrainDefaults,
  type RegionReport,
} from './post-training/post-train.js';
export type { AlsoLearned } from './post-training/reconstruct-region.js';
export type { Granularity as RegionGranularity } from './post-training/regions.js';
export { shareStreamGrids } from './post-training/stream-grids.js';
export { type ChannelSpace, rotateGraph, transformGraph } from './post-training/transform-graph.js';
export { scheduleByName, schedules } from './schedules/registry.js';
export type { Schedule, ScheduleOptions } from './schedules/types.js';
export * from './sensitivity/index.js';
export * from './train-step.js';
export { type ShardNotes, type ShardRunner, type StepShard, shardFunction } from './training/shards.js';
export type { PassView, StepImages, Term, TermSource } from './training/terms.js';
export * from './weights.js';
