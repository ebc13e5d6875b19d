/**
 * Gradients that a backend may have as one kernel. Without that kernel, and where the gradient is itself to be differentiated, TF.js's own composition runs.
 */
import { engine, type GradConfig, getBackend, getKernel, type NamedAttrMap, type Tensor } from '@tensorflow/tfjs';

/** The gradient by each input, or `null` for shapes that the kernel does not know. */
export type FusedGradient = (
  dy: Tensor,
  saved: readonly Tensor[],
  attrs: NamedAttrMap,
) => Record<string, Tensor> | null;

/** Puts `fused` before a gradient of TF.js; it saves the same inputs and outputs. */
export const withFused =
  (kernelName: string, fused: FusedGradient) =>
  (original: GradConfig): GradConfig => ({
    ...original,
    gradFunc: (dy, saved, attrs) => {
      const isNested = engine().state.gradientDepth > 0;
      const gradients =
        !isNested && getKernel(kernelName, getBackend()) ? fused(dy as Tensor, saved, attrs as NamedAttrMap) : null;
      if (!gradients) return original.gradFunc(dy, saved, attrs);
      return Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [name, () => gradient]));
    },
  });

/** The outputs of a fused kernel. */
export function runFused(kernelName: string, inputs: Record<string, Tensor>, attrs: NamedAttrMap): readonly Tensor[] {
  const result = engine().runKernel<Tensor | Tensor[]>(kernelName, inputs, attrs);
  return Array.isArray(result) ? result : [result];
}
