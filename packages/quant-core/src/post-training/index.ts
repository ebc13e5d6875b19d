/** Post-training tools: pure functions over arrays and tensors, for networks of any kind. */
export { balancingTransform } from './balance.js';
export {
  type BiasCorrection,
  biasCorrection,
  expectedBiasCorrection,
  rectifiedNormalMean,
  type WeightPair,
} from './bias-correction.js';
export {
  equalizationScales,
  equalizeChain,
  incomingRanges,
  type Layer,
  outgoingRanges,
  rescalePair,
} from './equalize.js';
export {
  type Block,
  type BlockParts,
  type Reconstruction,
  type ReconstructionOptions,
  reconstruct,
  reconstructionDefaults,
} from './reconstruct.js';
export type { ReconstructionData } from './reconstruction-data.js';
export { type Roundable, type Rounded, roundNearest } from './rounding.js';
export { type ChannelTransform, randomRotation, transformInputs, transformOutputs } from './transform.js';
