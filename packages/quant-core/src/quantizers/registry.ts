import { find } from '../find.js';
import { fixed } from './fixed.js';
import { lsq } from './lsq.js';
import { lsqLog } from './lsq-log.js';
import type { Quantizer } from './types.js';

/** All quantizers by name. */
export const quantizers = { 'lsq-log': lsqLog, lsq, fixed } as const satisfies Record<string, Quantizer>;

/** The quantizer of that name. @throws QuantError listing the known names */
export const quantizerByName = (name: string): Quantizer => find<Quantizer>(quantizers, name, 'quantizer');
