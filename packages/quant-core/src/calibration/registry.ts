import { find } from '../find.js';
import { entropy } from './entropy.js';
import { minMax } from './min-max.js';
import { movingMax } from './moving-max.js';
import { mse } from './mse.js';
import { percentile } from './percentile.js';
import type { Calibration } from './types.js';

/** All calibrations by name. */
export const calibrations = {
  'moving-max': movingMax,
  'min-max': minMax,
  percentile,
  mse,
  entropy,
} as const satisfies Record<string, Calibration>;

/** Name of a calibration. */
export type CalibrationName = keyof typeof calibrations;

/** The calibration of that name. @throws QuantError listing the known names */
export const calibrationByName = (name: string): Calibration => find<Calibration>(calibrations, name, 'calibration');
