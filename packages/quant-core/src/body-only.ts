/**
 * The plan of most quantizers of super-resolution networks (PAMS, DAQ, DDTB and others): the residual blocks' convolutions are quantized; head, upsampler and tail,
 * every skip, and the output stay float. Not fully quantized: for comparison, in cost and in training.
 */
import type { QuantPlan } from './plan.js';

/** The convolutions of residual blocks, in every family. */
const blocks = 'body.*.conv*';

/** The plan `body-w<bits>a<bits>`, unchecked; `null` for other names. */
export function bodyOnlyPlan(name: string): QuantPlan | null {
  const match = /^body-w([2-8])a([1-8])$/.exec(name);
  if (!match) return null;
  const [weights, activations] = match.slice(1).map(Number) as [number, number];
  return {
    name,
    roles: { weights: null, activations: null, skips: null, outputs: null },
    overrides: [
      { pattern: blocks, role: 'weights', spec: { bits: weights, signed: true, narrow: true, granularity: 'channel' } },
      { pattern: blocks, role: 'activations', spec: { bits: activations } },
    ],
  };
}
