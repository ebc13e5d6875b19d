import type { AnyCommand } from '../command.js';
import { benchCommand } from './bench.js';
import { datasetsCommand } from './datasets.js';
import { demoCommand } from './demo.js';
import { doctorCommand } from './doctor.js';
import { evalCommand } from './eval.js';
import { exportCommand } from './export.js';
import { importCommand } from './import.js';
import { infoCommand } from './info.js';
import { quantizeCommand } from './quantize.js';
import { reportCommand } from './report.js';
import { sensitivityCommand } from './sensitivity.js';
import { trainCommand } from './train.js';
import { upscaleCommand } from './upscale.js';

/** All commands, in the order of the help. */
export const commands: readonly AnyCommand[] = [
  upscaleCommand,
  evalCommand,
  trainCommand,
  reportCommand,
  importCommand,
  quantizeCommand,
  exportCommand,
  infoCommand,
  sensitivityCommand,
  benchCommand,
  datasetsCommand,
  demoCommand,
  doctorCommand,
];
