import { find } from '../find.js';
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

/** All quantizers by name. */
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

/** Name of a quantizer. */
export type QuantizerName = keyof typeof quantizers;

/** The quantizer of that name. @throws QuantError listing the known names */
export const quantizerByName = (name: string, kind = 'quantizer'): Quantizer => find<Quantizer>(quantizers, name, kind);
