import { runModel } from '@fqsr/runtime';
import { agrees, type LayerAgreement, tolerance, toOnnx, verifyOnnx } from '@fqsr/sr-models';
import { CliError } from '../errors.js';
import { merge } from '../exporting.js';
import { openOnnxRuntime } from '../onnx-runtime.js';
import type { IntegerFormat } from './format.js';

/** ONNX in quantized operations, run in ONNX Runtime and compared with the integers before it is written. */
export const onnxFormat = {
  of: 'integers',
  label: 'ONNX (QDQ, opset 21) for ONNX Runtime',
  isForeign: true,
  output: 'file',
  write: async ({ model, images, rounding }, io) => {
    const { bytes } = toOnnx(model, { rounding });
    if (images.length === 0) return { bytes, verified: null };
    const { label, run } = await openOnnxRuntime();
    const runs: (readonly LayerAgreement[])[] = [];
    const progress = io.progress(`verify in ${label}`, images.length, 'images');
    try {
      for (const image of images) {
        runs.push(await verifyOnnx(model, image, (tap) => runModel(model, image, { tap }), run, { rounding }));
        progress.update(runs.length);
      }
    } finally {
      progress.stop();
    }
    const agreement = merge(runs);
    checkOnnx(agreement, label);
    return { bytes, verified: { what: `the file in ${label} against the integers`, agreement } };
  },
} satisfies IntegerFormat;

/** @throws CliError when the image, the last row, is beyond the tolerance; the rows before it are for people */
export function checkOnnx(agreement: readonly LayerAgreement[], label: string): void {
  const image = agreement.at(-1);
  if (image === undefined || agrees([image])) return;
  const first = agreement.find(({ different }) => different > 0);
  throw new CliError(
    `export: the image of ${label} must equal the integers to ${tolerance.levels} level on ${tolerance.share * 100} % of samples, got ${image.largest} levels on ${((100 * image.different) / image.samples).toFixed(3)} %, first in ${first?.tensor} (take --rounding exact, or report this)`,
  );
}
