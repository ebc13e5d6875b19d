/**
 * `@fqsr/quant-core/spec`: specs, plans, grids and the scalar integer truth. Loads without TensorFlow.js.
 */
export { QuantError } from './error.js';
export {
  codeToLevel,
  type GridName,
  type GridShape,
  gridNames,
  type LevelRange,
  levelCount,
  levelRange,
  levelToCode,
} from './grids.js';
export { packedBytes, packLevels, unpackInto, unpackLevels } from './pack.js';
export {
  makePlan,
  type Placement,
  type PlanOverride,
  type PlanSpec,
  planFromPreset,
  type QuantPlan,
  type Role,
  roles,
  specFor,
  unmatchedOverrides,
} from './plan.js';
export { type Granularity, makeSpec, type QuantSpec, specDefaults } from './quant-spec.js';
export {
  deriveMultiplier,
  type FixedPoint,
  floorAccumulator,
  MAX_SHIFT,
  MIN_SHIFT,
  requantize,
  scaleAccumulator,
} from './requant.js';
export { clamp, roundHalfEven } from './round.js';
export { dequantize, nearestLevel, quantize, quantizeBias } from './scalar.js';
