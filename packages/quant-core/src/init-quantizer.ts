import { checkSpec } from './check-spec.js';
import { QuantError } from './error.js';
import { levelRange } from './grids.js';
import type { QuantSpec } from './quant-spec.js';
import { quantizerByName } from './quantizers/registry.js';
import type { GridFit } from './quantizers/types.js';

/** Steps whose reciprocal is a normal float32 too. */
const [LEAST, MOST] = [2 ** -126, 2 ** 126];

/**
 * The first parameters of a quantizer, from a calibrated grid, all checked: where learned state begins.
 *
 * @param fit steps in units of the tensor, and zero points, one of each or one for each channel
 * @param channels size of the tensor's last axis
 * @param path where the spec stands, for messages
 * @returns parameter values by name
 * @throws QuantError naming the path: for a spec that its quantizer or estimator refuses, a step that is 0, negative, not finite, or too small or large for
 *   float32 arithmetic, a zero point that is not a level, or counts that do not fit the granularity
 *
 * @example
 * const spec = makeSpec({ bits: 4, quantizer: 'pams', narrow: true });
 * initQuantizer(spec, { steps: Float32Array.of(0.5), zeroPoints: Float32Array.of(0) }, 64); // { clip: [3.5] }
 */
export function initQuantizer(
  spec: QuantSpec,
  fit: GridFit,
  channels: number,
  path = 'spec',
): Readonly<Record<string, Float32Array>> {
  checkSpec(spec, path);
  const entries = spec.granularity === 'channel' ? channels : 1;
  for (const [name, { length }] of Object.entries(fit)) {
    if (length === entries) continue;
    throw new QuantError('initQuantizer', `${path}: ${name} must have ${entries} entries, got ${length}`, 'one a grid');
  }
  for (const [i, step] of fit.steps.entries()) {
    if (step >= LEAST && step <= MOST) continue;
    throw new QuantError(
      'initQuantizer',
      `${path}: steps[${i}] must be a number from 2^-126 to 2^126, got ${step}`,
      'calibrate it on values that are not all alike',
    );
  }
  const { qmin, qmax } = levelRange(spec);
  for (const [i, zero] of fit.zeroPoints.entries()) {
    if (spec.affine ? Number.isInteger(zero) && zero >= qmin && zero <= qmax : zero === 0) continue;
    const wanted = spec.affine ? `an integer from ${qmin} to ${qmax}` : '0 where the spec is not affine';
    throw new QuantError('initQuantizer', `${path}: zeroPoints[${i}] must be ${wanted}, got ${zero}`, 'correct it');
  }
  return quantizerByName(spec.quantizer).init(fit, spec, channels);
}
