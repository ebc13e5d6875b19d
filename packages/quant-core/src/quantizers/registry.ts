import { openRegistry } from '../open-registry.js';
import { ddtb } from './ddtb.js';
import { dorefa } from './dorefa.js';
import { fixed } from './fixed.js';
import { fqsr } from './fqsr.js';
import { lsq } from './lsq.js';
import { lsqLog } from './lsq-log.js';
import { lsqPlus } from './lsq-plus.js';
import { pact } from './pact.js';
import { pams } from './pams.js';
import { quantsr } from './quantsr.js';
import { fixedRange } from './static.js';
import { ternary } from './ternary.js';
import type { Quantizer } from './types.js';
import { xnor } from './xnor.js';

/** All built-in quantizers by name. */
export const quantizers = {
  'lsq-log': lsqLog,
  lsq,
  'lsq-plus': lsqPlus,
  fqsr,
  pact,
  dorefa,
  pams,
  ddtb,
  quantsr,
  xnor,
  ternary,
  static: fixedRange,
  fixed,
} as const satisfies Record<string, Quantizer>;

/** Name of a built-in quantizer. */
export type QuantizerName = keyof typeof quantizers;

const registry = /* @__PURE__ */ openRegistry<Quantizer>(quantizers, {
  kind: 'quantizer',
  where: 'registerQuantizer',
  functions: ['refuses', 'init', 'grid'],
});

/** The quantizer of that name, built in or registered. @throws QuantError listing the known names */
export function quantizerByName(name: string, kind?: string): Quantizer {
  return registry.find(name, kind);
}

/**
 * Makes a quantizer known by its name, to every spec, plan and checkpoint that this process reads from then on. Call it once, where the program starts; worker
 * threads register for themselves.
 *
 * @throws QuantError when the name is taken or is not lower-case letters, digits and dashes, or a function is missing
 *
 * @example
 * registerQuantizer(powerOfTwo);
 * checkSpec(makeSpec({ bits: 4, quantizer: 'power-of-two' })); // throws no more
 */
export function registerQuantizer(quantizer: Quantizer): void {
  registry.add(quantizer);
}
