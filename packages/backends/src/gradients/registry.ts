/**
 * Every gradient that this package adds to TF.js or replaces in it. Gradients belong to no backend: these hold on all of them.
 */
import { type GradConfig, getGradient, registerGradient, unregisterGradient } from '@tensorflow/tfjs';
import { depthToSpaceGradient } from './depth-to-space.js';
import { maximumGradient, minimumGradient } from './extremes.js';

const gradients: readonly GradConfig[] = [depthToSpaceGradient, maximumGradient, minimumGradient];

/** Registers all gradients that are not registered yet. */
export function registerGradients(): void {
  for (const gradient of gradients) {
    const present = getGradient(gradient.kernelName);
    if (present === gradient) continue;
    if (present) unregisterGradient(gradient.kernelName);
    registerGradient(gradient);
  }
}
