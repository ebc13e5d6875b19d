/** The formats. A new one is a file beside this one and a line here. */
import type { ExportFormat } from './format.js';
import { fqsrFormat } from './fqsr.js';
import { onnxFormat } from './onnx.js';
import { onnxFloatFormat } from './onnx-float.js';
import { tfjsFormat } from './tfjs.js';

/** All formats by name. */
export const formats = {
  fqsr: fqsrFormat,
  onnx: onnxFormat,
  'onnx-float': onnxFloatFormat,
  tfjs: tfjsFormat,
} satisfies Record<string, ExportFormat>;

/** Name of a format. */
export type FormatName = keyof typeof formats;

/** The names of all formats. */
export const formatNames = Object.keys(formats) as readonly FormatName[];
