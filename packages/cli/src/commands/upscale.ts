import { join, parse } from 'node:path';
import { encodableExtensions } from '@fqsr/datasets';
import { backendNames } from '@fqsr/runtime';
import { z } from 'zod';
import { openResume } from '../batch/resume.js';
import { throughFiles } from '../batch/streams.js';
import { STREAM, type Target, targetsOf } from '../batch/targets.js';
import { defineCommand, flag, type Result, text, whole } from '../command.js';
import { CliError, describeError } from '../errors.js';
import { assertWritable, writeWhole } from '../files.js';
import { checkImageOptions, type ImageOptions, imageOptions } from '../images/options.js';
import { openUpscaling } from '../images/upscale-file.js';
import type { Io } from '../io.js';
import { loadNetwork, type Network } from '../networks.js';
import { defaultModel, readModelBytes } from '../zoo.js';

const formats = encodableExtensions.map((extension) => extension.slice(1));

/** `fqsr upscale`: image files in, larger image files out. */
export const upscaleCommand = defineCommand({
  arguments: [{ name: '<input...>', description: 'image files, folders of them, patterns in quotes, or - for stdin' }],
  example: 'fqsr upscale photo.jpg -o photo-x2.png',
  options: z.object({
    output: text({
      description: 'image file, or - for stdout; or a folder, for several inputs, where whole results stay',
      value: 'out',
      short: 'o',
    }),
    model: text({
      description: 'name from fqsr zoo, .fqsr file (integers alone) or checkpoint (default: the best of the zoo)',
      value: 'model',
    }).optional(),
    scale: whole({ description: 'how many times larger, where no model is named', value: 'n' }, 2, 4).default(2),
    format: z.enum(formats).default('png').meta({ description: 'of results in a folder and on stdout', value: 'name' }),
    overwrite: flag({ description: 'make again what an earlier call left whole in the folder' }),
    backend: z
      .enum(['auto', ...backendNames])
      .default('auto')
      .meta({ description: 'what runs a .fqsr file; all give the same bytes', value: 'name' }),
    threads: whole(
      { description: 'threads of the wasm backend (default: as many as run at a time, at most 4)', value: 'n' },
      1,
      64,
    ).optional(),
    memory: whole(
      { description: 'MiB that a .fqsr file may take beside the images (default: 256)', value: 'n' },
      0,
      65536,
    ).optional(),
    ...imageOptions,
  }),
  run: async (inputs, { output, scale, format, overwrite, backend, threads, memory, ...given }, io) => {
    const { model = defaultModel(scale), ...options } = given;
    const extension = `.${format}`;
    const { targets, folder } = await targetsOf(inputs, output, extension);
    for (const { to } of targets) checkImageOptions(options, to === STREAM ? extension : to);
    for (const { to } of folder === null ? targets : [{ to: join(folder, 'image') }]) {
      if (to !== STREAM) await assertWritable(to);
    }
    const runtime = {
      backend,
      ...(threads === undefined ? {} : { threads }),
      ...(memory === undefined ? {} : { memoryBytes: memory * 2 ** 20 }),
    };
    const network = await loadNetwork(model, undefined, runtime, { say: io.say });
    try {
      const isDone =
        folder === null || overwrite
          ? async () => false
          : await openResume(folder, [await readModelBytes(model, '--model'), JSON.stringify(options)]);
      const each = (target: Target) =>
        throughFiles(target, extension, (files) => upscaleFile(network, files, options, io));
      const batch = await runBatch(targets, isDone, each, io);
      return report(network, batch, output);
    } finally {
      network.dispose();
    }
  },
});

/** A result. */
interface Done {
  readonly input: string;
  readonly output: string;
  readonly width: number;
  readonly height: number;
  readonly seconds: number;
}

/** What became of all inputs. */
interface Batch {
  readonly images: readonly Done[];
  /** Whole results of an earlier call. */
  readonly kept: readonly Target[];
  readonly failed: readonly { readonly input: string; readonly error: string }[];
}

/** One image, from file to file. */
async function upscaleFile(
  network: Network,
  files: Target,
  options: ImageOptions,
  io: Io,
): Promise<Omit<Done, 'input' | 'output'>> {
  const upscaling = await openUpscaling(network, files, options);
  for (const line of upscaling.notices) io.say(line);
  const started = performance.now();
  const progress = io.progress(`${parse(files.from).base} by ${network.label}`, 100, '%');
  try {
    const { width, height } = upscaling;
    const bytes = upscaling.bytes((share) => {
      io.signal.throwIfAborted();
      progress.update(Math.floor(share * 100));
    });
    await writeWhole(files.to, bytes);
    return { width, height, seconds: (performance.now() - started) / 1000 };
  } finally {
    progress.stop();
    await upscaling.dispose();
  }
}

/**
 * One image after another. Of several a broken one is passed over and said so.
 *
 * @throws CliError when stopped; what is done stays
 */
async function runBatch(
  targets: readonly Target[],
  isDone: (target: Target) => Promise<boolean>,
  upscale: (target: Target) => Promise<Omit<Done, 'input' | 'output'>>,
  io: Io,
): Promise<Batch> {
  const batch = { images: [] as Done[], kept: [] as Target[], failed: [] as { input: string; error: string }[] };
  for (const target of targets) {
    const { from: input, to: output } = target;
    try {
      io.signal.throwIfAborted();
      if (await isDone(target)) batch.kept.push(target);
      else batch.images.push({ input, output, ...(await upscale(target)) });
    } catch (error) {
      if (io.signal.aborted) throw stopped(batch, targets.length);
      if (targets.length === 1 || (error as NodeJS.ErrnoException).code === 'ENOSPC') throw error;
      const { line } = describeError(error);
      io.say(`failed: ${line}`);
      batch.failed.push({ input, error: line });
    }
  }
  return batch;
}

function stopped({ images, kept }: Batch, count: number): CliError {
  const done = images.length + kept.length;
  return new CliError(
    count === 1
      ? 'stopped by Ctrl-C, nothing was written (the same command begins again)'
      : `stopped by Ctrl-C after ${done} of ${count} images (the same command goes on)`,
  );
}

function report({ label, arithmetic, scale }: Network, { images, kept, failed }: Batch, output: string): Result {
  const count = images.length + kept.length + failed.length;
  const lines = images.map((one) => `${one.output}: ${one.width} x ${one.height}, ${arithmetic}`);
  if (kept.length > 0)
    lines.push(`kept ${kept.length} of ${count}, whole from an earlier call (--overwrite makes them again)`);
  if (failed.length > 0) lines.push(`failed: ${failed.length} of ${count}`, ...failed.map(({ error }) => `  ${error}`));
  return {
    json: {
      ...{ model: label, arithmetic, scale, images },
      kept: kept.map(({ from, to }) => ({ input: from, output: to })),
      failed,
    },
    text: lines.join('\n'),
    exitCode: failed.length > 0 ? 1 : 0,
    ...(output === STREAM && { stdoutTaken: true }),
  };
}
