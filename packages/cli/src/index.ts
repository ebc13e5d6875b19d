/**
 * The command `fqsr` as a function, for programs that add to it: a file that registers what it adds, then runs `run(process.argv.slice(2))`, is the command with that.
 */
export type {
  ExportFormat,
  FloatFormat,
  IntegerFormat,
  Integers,
  Subject,
  Verification,
  Written,
} from './formats/format.js';
export { registerExportFormat } from './formats/registry.js';
export type { Io, Progress } from './io.js';
export { run } from './program.js';
