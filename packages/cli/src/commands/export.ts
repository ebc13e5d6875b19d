import { type Image, openSource } from '@fqsr/datasets';
import { type IntegerModel, serializeModel } from '@fqsr/runtime';
import { type LayerAgreement, tolerance } from '@fqsr/sr-models';
import { z } from 'zod';
import { defineCommand, flag, text } from '../command.js';
import { CliError, UsageError } from '../errors.js';
import { exportFqsr } from '../exporting.js';
import { assertWritable, writeWhole } from '../files.js';
import type { Verification } from '../formats/format.js';
import { formatNames, formats } from '../formats/registry.js';
import type { Io } from '../io.js';
import { type ModelFile, readModelFile } from '../networks.js';
import { quantity, table } from '../table.js';

/** Images that an export is verified on. */
const VERIFY_IMAGES = 2;

/** `fqsr export`: a checkpoint to integers, and these to a format, each verified before anything is written. */
export const exportCommand = defineCommand({
  name: 'export',
  summary: 'Write a quantized checkpoint as an integer model, or either as ONNX, verified before it is written',
  arguments: [{ name: '<model>', description: 'checkpoint that fqsr train wrote, or a .fqsr file' }],
  example: 'fqsr export runs/qat/model.safetensors -o model.fqsr && fqsr export model.fqsr --format onnx -o model.onnx',
  options: z.object({
    output: text({ description: 'file to write', value: 'file', short: 'o' }),
    format: z
      .enum(formatNames)
      .default('fqsr')
      .meta({
        description: formatNames.map((name) => `${name}: ${formats[name].label}`).join('; '),
        value: 'name',
      }),
    verify: text({ description: `data to verify on, its first ${VERIFY_IMAGES} images`, value: 'data' }).default(
      'dead-leaves',
    ),
    rounding: z.enum(['exact', 'fused']).default('exact').meta({
      description: 'of ONNX: exact gives the levels of our runtime, fused is faster at 8 bits and may differ',
      value: 'name',
    }),
    unverified: flag({
      description: 'write ONNX without running it; else onnxruntime-node or onnxruntime-web must be installed (exit 1)',
    }),
  }),
  run: async ([path = ''], { output, format, verify, rounding, unverified }, io) => {
    const { label, isForeign, write } = formats[format];
    if (unverified && !isForeign) {
      throw new UsageError(`--unverified: must be left out with --format ${format}, got it (our runtime verifies it)`);
    }
    await assertWritable(output);
    const file = await readModelFile(path, 'model', { say: io.say });
    if (file.kind === 'fqsr' && !isForeign) throw alreadyExported(path);
    const images = await imagesOf(verify, scaleOf(file));
    io.say(`verifying on ${images.length} images of ${verify}`);
    const integers = await integersOf(file, images, io);
    const written = await write({ ...integers, images: unverified ? [] : images, rounding }, io);
    await writeWhole(output, written.bytes);
    const verified = [integers.verified, written.verified].filter((each) => each !== null);
    return {
      json: {
        output,
        format,
        name: integers.model.name,
        bytes: written.bytes.length,
        tolerance,
        agreement: verified.at(-1)?.agreement ?? null,
        verified,
      },
      text: [
        ...verified.flatMap(({ what, agreement }) => [`${what}:`, agreementTable(agreement)]),
        ...(unverified ? [`not verified: ${format} was written without running it (--unverified)`] : []),
        `${output}: ${integers.model.name}, ${label}, ${quantity(written.bytes.length, 'B')}`,
      ].join('\n'),
    };
  },
});

/** The integers of a model file; a checkpoint is lowered and compared with its graph. */
async function integersOf(
  file: ModelFile,
  images: readonly Image[],
  io: Io,
): Promise<{ readonly model: IntegerModel; readonly bytes: Uint8Array; readonly verified: Verification | null }> {
  if (file.kind === 'fqsr') return { model: file.model, bytes: serializeModel(file.model), verified: null };
  const { bytes, model, agreement } = await exportFqsr(file.checkpoint, images, {}, io);
  return { model, bytes, verified: { what: 'the integers against the graph', agreement } };
}

async function imagesOf(data: string, scale: number): Promise<readonly Image[]> {
  const source = await openSource(data);
  const images: Image[] = [];
  for (let i = 0; i < Math.min(VERIFY_IMAGES, source.count); i++) images.push((await source.pair(i, scale)).lr);
  return images;
}

function scaleOf(file: ModelFile): number {
  return file.kind === 'fqsr' ? file.model.scale : file.checkpoint.model.config.scale;
}

function alreadyExported(path: string): CliError {
  const others = formatNames.filter((name) => formats[name].isForeign).map((name) => `--format ${name}`);
  return new CliError(
    `${path} must be a checkpoint, got an integer model (it is exported already; ${others.join(', ')} takes it)`,
  );
}

function agreementTable(agreement: readonly LayerAgreement[]): string {
  return table(
    ['tensor', 'samples', 'different', 'levels apart'],
    agreement.map(({ tensor, samples, different, largest }) => [
      tensor,
      String(samples),
      String(different),
      String(largest),
    ]),
  );
}
