import { QuantError } from './error.js';
import type { QuantSpec } from './quant-spec.js';
import { quantizerByName } from './quantizers/registry.js';
import { steByName } from './ste/registry.js';

/**
 * Checks what `makeSpec` cannot know: that the spec's quantizer and estimator exist, that they serve such a grid, and that the estimator's options are its own
 * and within their bounds.
 *
 * @param path where the spec stands, for messages, e.g. `plan activations of head`
 * @throws QuantError naming the path
 *
 * @example
 * checkSpec(makeSpec({ bits: 4, quantizer: 'pact' })); // throws: spec must be unsigned (signed: false)
 */
export function checkSpec(spec: QuantSpec, path = 'spec'): void {
  const quantizer = quantizerByName(spec.quantizer, `${path}.quantizer`);
  const ste = steByName(spec.ste, `${path}.ste`);
  const refusal = quantizer.refuses(spec);
  if (refusal) throw new QuantError('checkSpec', `${path} must ${refusal}`, `${quantizer.name} serves no other`);
  for (const option of Object.keys(spec.steOptions)) {
    if (Object.hasOwn(ste.options, option)) continue;
    const names = Object.keys(ste.options).join(', ') || 'none';
    throw new QuantError(
      'checkSpec',
      `${path}.steOptions must name options of ${spec.ste}, got "${option}"`,
      `known: ${names}`,
    );
  }
  const wrong = ste.refuses?.(steOptionsOf(spec));
  if (wrong) throw new QuantError('checkSpec', `${path}.steOptions must ${wrong}`, `${ste.name} is defined there only`);
}

/** The numbers of a spec's estimator: its defaults, with the spec's own in their place. */
export function steOptionsOf({ ste, steOptions }: QuantSpec): Readonly<Record<string, number>> {
  return { ...steByName(ste).options, ...steOptions };
}
