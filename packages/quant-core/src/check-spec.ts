import { QuantError } from './error.js';
import type { QuantSpec } from './quant-spec.js';
import { quantizerByName } from './quantizers/registry.js';
import { steByName } from './ste/registry.js';

/**
 * Checks what `makeSpec` cannot know: that the spec's quantizer and estimator exist, and that they serve such a grid.
 *
 * @param path where the spec stands, for messages, e.g. `plan activations of head`
 * @throws QuantError naming the path
 *
 * @example
 * checkSpec(makeSpec({ bits: 4, quantizer: 'pact' })); // throws: pact is for unsigned grids
 */
export function checkSpec(spec: QuantSpec, path = 'spec'): void {
  const quantizer = quantizerByName(spec.quantizer);
  const refusal = quantizer.refuses(spec);
  if (refusal) throw new QuantError('checkSpec', `${path} must ${refusal}`, `${quantizer.name} serves no other`);
  const known = steByName(spec.ste).options;
  for (const option of Object.keys(spec.steOptions)) {
    if (Object.hasOwn(known, option)) continue;
    const names = Object.keys(known).join(', ') || 'none';
    throw new QuantError(
      'checkSpec',
      `${path}.steOptions must name options of ${spec.ste}, got "${option}"`,
      `known: ${names}`,
    );
  }
}

/** The numbers of a spec's estimator: its defaults, with the spec's own in their place. */
export function steOptionsOf({ ste, steOptions }: QuantSpec): Readonly<Record<string, number>> {
  return { ...steByName(ste).options, ...steOptions };
}
