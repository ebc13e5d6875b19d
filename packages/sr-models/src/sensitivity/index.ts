/** Mixed precision: what each tensor loses at few bits, and which widths to give them. */
export { type Bench, basePlan, createBench, type ImageBatch, type Tensor } from './bench.js';
export { type Budget, parseBudget } from './budget.js';
export { measureSensitivity, type Proposal, proposePlan, type Sensitivity } from './sensitivity.js';
