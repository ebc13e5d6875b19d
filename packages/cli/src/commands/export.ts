import { join } from 'node:path';
import { type Image, openSource } from '@fqsr/datasets';
import { type IntegerModel, serializeModel } from '@fqsr/runtime';
import { floatNetwork, graphOf, type LayerAgreement, type OnnxRounding, tolerance } from '@fqsr/sr-models';
import { z } from 'zod';
import { defineCommand, flag, text } from '../command.js';
import { CliError, UsageError } from '../errors.js';
import { exportFqsr } from '../exporting.js';
import { assertWritable, writeWhole } from '../files.js';
import type { ExportFormat, Verification, Written } from '../formats/format.js';
import { formatByName, formatNames } from '../formats/registry.js';
import type { Io } from '../io.js';
import { type ModelFile, readModelFile } from '../networks.js';
import { quantity, table } from '../table.js';

/** Images that an export is verified on. */
const VERIFY_IMAGES = 2;

/** `fqsr export`: a checkpoint to integers, these to a format, or a float network to one, each verified before anything is written. */
export const exportCommand = defineCommand({
  arguments: [{ name: '<model>', description: 'checkpoint that fqsr train wrote, or a .fqsr file' }],
  example: 'fqsr export runs/qat/model.safetensors -o model.fqsr && fqsr export model.fqsr --format onnx -o model.onnx',
  // Formats may be registered after this file is loaded.
  get options() {
    return z.object({
      output: text({ description: 'file to write; for tfjs a folder', value: 'path', short: 'o' }),
      format: z
        .enum(formatNames())
        .default('fqsr')
        .meta({
          description: formatNames()
            .map((name) => `${name}: ${formatByName(name).label}`)
            .join('; '),
          value: 'name',
        }),
      verify: text({ description: `data to verify on, its first ${VERIFY_IMAGES} images`, value: 'data' }).default(
        'dead-leaves',
      ),
      rounding: z.enum(['exact', 'fused']).default('exact').meta({
        description:
          'of quantized ONNX: exact gives the levels of our runtime, fused is faster at 8 bits and may differ',
        value: 'name',
      }),
      unverified: flag({
        description:
          'write ONNX without running it; else onnxruntime-node or onnxruntime-web must be installed (exit 1)',
      }),
    });
  },
  run: async ([path = ''], { output, format, verify, rounding, unverified }, io) => {
    const chosen = formatByName(format);
    if (unverified && !chosen.isForeign) {
      throw new UsageError(`--unverified: must be left out with --format ${format}, got it (our runtime verifies it)`);
    }
    const file = await readModelFile(path, 'model', { say: io.say });
    checkKind(path, file, format);
    await assertWritable(chosen.output === 'folder' ? join(output, 'model.json') : output);
    const images = await imagesOf(verify, scaleOf(file));
    io.say(`verifying on ${images.length} images of ${verify}`);
    const own = { file, images, verifiedOn: unverified ? [] : images, rounding };
    const { name, verified, written } = await (chosen.of === 'float'
      ? writeFloat(chosen, own, io)
      : writeIntegers(chosen, own, io));
    const bytes = await writeOut(output, written);
    const layers = verified.flatMap((each) => ('agreement' in each ? [each.agreement] : []));
    return {
      json: { output, format, name, bytes, tolerance, agreement: layers.at(-1) ?? null, verified },
      text: [
        ...verified.flatMap(describeVerification),
        ...(unverified ? [`not verified: ${format} was written without running it (--unverified)`] : []),
        `${output}: ${name}, ${chosen.label}, ${quantity(bytes, 'B')}`,
      ].join('\n'),
    };
  },
});

interface Own {
  readonly file: ModelFile;
  readonly images: readonly Image[];
  /** None where it was declined to run the format. */
  readonly verifiedOn: readonly Image[];
  readonly rounding: OnnxRounding;
}

/** What was made of a model file. */
interface Made {
  readonly name: string;
  readonly verified: readonly Verification[];
  readonly written: Written;
}

async function writeIntegers(
  { write }: Extract<ExportFormat, { of: 'integers' }>,
  { file, images, verifiedOn, rounding }: Own,
  io: Io,
): Promise<Made> {
  const integers = await integersOf(file, images, io);
  const written = await write({ ...integers, images: verifiedOn, rounding }, io);
  const verified = [integers.verified, written.verified].filter((each) => each !== null);
  return { name: integers.model.name, verified, written };
}

async function writeFloat(
  { write }: Extract<ExportFormat, { of: 'float' }>,
  { file, verifiedOn }: Own,
  io: Io,
): Promise<Made> {
  // checkKind has refused everything else.
  if (file.kind !== 'checkpoint') throw new Error('a float network is written from a checkpoint');
  const network = floatNetwork(graphOf(file.checkpoint), file.checkpoint.params);
  const written = await write({ ...network, images: verifiedOn }, io);
  return { name: network.graph.name, verified: written.verified ? [written.verified] : [], written };
}

/** @returns bytes written */
async function writeOut(output: string, written: Written): Promise<number> {
  const files = 'files' in written ? Object.entries(written.files) : [['', written.bytes] as const];
  for (const [name, bytes] of files) await writeWhole(name === '' ? output : join(output, name), bytes);
  return files.reduce((sum, [, bytes]) => sum + bytes.length, 0);
}

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

/** @throws CliError where the file is not what the format is written from */
function checkKind(path: string, file: ModelFile, format: string): void {
  const { of } = formatByName(format);
  if (of === 'integers') {
    if (file.kind === 'fqsr' && format === 'fqsr') throw alreadyExported(path);
    return;
  }
  const got = file.kind === 'fqsr' ? 'an integer model' : file.checkpoint.plan && `one of ${file.checkpoint.plan.name}`;
  if (!got) return;
  throw new CliError(
    `${path} must be a float checkpoint for --format ${format}, got ${got} (give the one it came from, or take --format onnx)`,
  );
}

function alreadyExported(path: string): CliError {
  const others = formatNames().filter((name) => name !== 'fqsr' && formatByName(name).of === 'integers');
  return new CliError(
    `${path} must be a checkpoint, got an integer model (it is exported already; ${others.map((name) => `--format ${name}`).join(', ')} takes it)`,
  );
}

function describeVerification(verification: Verification): readonly string[] {
  if ('agreement' in verification) return [`${verification.what}:`, agreementTable(verification.agreement)];
  const { largest, mean, samples } = verification.distance;
  const apart = [largest, mean].map((value) => value.toPrecision(2));
  return [
    `${verification.what}: at most ${apart[0]} grey levels apart, ${apart[1]} in the mean, over ${samples} samples`,
  ];
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
