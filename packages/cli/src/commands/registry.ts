import type { AnyCommand } from '../command.js';
import { benchCommand } from './bench.js';
import { completionCommand } from './completion.js';
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
import { serveCommand } from './serve.js';
import { trainCommand } from './train.js';
import { upscaleCommand } from './upscale.js';
import { zooCommand } from './zoo.js';

/** All commands, in the order of the help, below the headings that a newcomer looks for. */
export const commandGroups = {
  'Try it:': [demoCommand, upscaleCommand, zooCommand, serveCommand],
  'Make a model:': [trainCommand, importCommand, quantizeCommand, sensitivityCommand, exportCommand],
  'Measure a model:': [evalCommand, reportCommand, infoCommand, benchCommand],
  'Data and this machine:': [datasetsCommand, doctorCommand, completionCommand],
} satisfies Readonly<Record<string, readonly AnyCommand[]>>;

/** All commands. */
export const commands: readonly AnyCommand[] = Object.values<readonly AnyCommand[]>(commandGroups).flat();
