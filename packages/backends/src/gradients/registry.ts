/**
 * Every gradient that this package adds to TF.js or replaces in it. Gradients belong to no backend: these hold on all of them.
 */
import {
  FusedBatchNorm,
  type GradConfig,
  getGradient,
  LeakyRelu,
  Prelu,
  Relu,
  registerGradient,
  unregisterGradient,
} from '@tensorflow/tfjs';
import { leakyReluGradient, preluGradient, reluGradient } from './activations.js';
import { batchNormGradient } from './batch-norm.js';
import { depthToSpaceGradient } from './depth-to-space.js';
import { maximumGradient, minimumGradient } from './extremes.js';
import { meanGradient, sumGradient } from './reductions.js';

/** Gradients that TF.js lacks, or has in a slower form. */
const added: readonly GradConfig[] = [
  depthToSpaceGradient,
  maximumGradient,
  meanGradient,
  minimumGradient,
  sumGradient,
];
/** What is put before gradients of TF.js, by its name. */
const replaced = {
  [FusedBatchNorm]: batchNormGradient,
  [LeakyRelu]: leakyReluGradient,
  [Prelu]: preluGradient,
  [Relu]: reluGradient,
} satisfies Record<string, (original: GradConfig) => GradConfig>;

/** Gradients of this package that stand in TF.js's registry. */
const registered = new WeakSet<GradConfig>();

function register(gradient: GradConfig): void {
  if (getGradient(gradient.kernelName)) unregisterGradient(gradient.kernelName);
  registerGradient(gradient);
  registered.add(gradient);
}

/** Registers all gradients that are not registered yet. */
export function registerGradients(): void {
  for (const gradient of added) {
    if (getGradient(gradient.kernelName) !== gradient) register(gradient);
  }
  for (const [kernelName, replace] of Object.entries(replaced)) {
    const present = getGradient(kernelName) as GradConfig | undefined;
    if (present && !registered.has(present)) register(replace(present));
  }
}
