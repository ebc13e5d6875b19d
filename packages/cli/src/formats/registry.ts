/** The formats. A new one is a file beside this one and a line here. */
import { CliError } from '../errors.js';
import type { ExportFormat } from './format.js';
import { fqsrFormat } from './fqsr.js';
import { onnxFormat } from './onnx.js';
import { onnxFloatFormat } from './onnx-float.js';
import { tfjsFormat } from './tfjs.js';

/** All built-in formats by name. */
export const formats = {
  fqsr: fqsrFormat,
  onnx: onnxFormat,
  'onnx-float': onnxFloatFormat,
  tfjs: tfjsFormat,
} satisfies Record<string, ExportFormat>;

const all: Record<string, ExportFormat> = { ...formats };

/** The names of all formats, built in or registered. */
export function formatNames(): readonly string[] {
  return Object.keys(all);
}

/** The format of that name. @throws CliError listing the known names */
export function formatByName(name: string): ExportFormat {
  const format = Object.hasOwn(all, name) ? all[name] : undefined;
  if (format) return format;
  throw new CliError(`format must be one of ${formatNames().join(', ')}, got "${name}" (use a known name)`);
}

/**
 * Makes a format known to `fqsr export --format` in this process. Call it once, before `run`.
 *
 * @param name what `--format` takes: lower-case letters, digits and dashes
 * @throws CliError when the name is taken or no name, or the format cannot write
 *
 * @example
 * registerExportFormat('esm', esm);
 * await run(['export', 'model.fqsr', '--format', 'esm', '-o', 'model.mjs']);
 */
export function registerExportFormat(name: string, format: ExportFormat): void {
  const refused = (argument: string, constraint: string, got: unknown, remedy: string) =>
    new CliError(`[cli] registerExportFormat: ${argument} must be ${constraint}, got ${got} (${remedy})`);
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]*$/.test(name)) {
    throw refused('name', 'lower-case letters, digits and dashes', JSON.stringify(name), 'for example esm');
  }
  if (Object.hasOwn(all, name)) throw refused('name', 'new', `"${name}", which there is`, 'choose another name');
  if (typeof format.write !== 'function') {
    throw refused('format.write', 'a function', typeof format.write, 'see the type ExportFormat');
  }
  all[name] = format;
}
