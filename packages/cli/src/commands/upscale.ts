import { extname, join, parse, resolve } from 'node:path';
import { encodableExtensions } from '@fqsr/datasets';
import { backendNames } from '@fqsr/runtime';
import { z } from 'zod';
import { defineCommand, text, whole } from '../command.js';
import { UsageError } from '../errors.js';
import { assertWritable, isFolder, writeWhole } from '../files.js';
import { checkImageOptions, imageOptions } from '../images/options.js';
import { openUpscaling } from '../images/upscale-file.js';
import { loadNetwork } from '../networks.js';

/** `fqsr upscale`: image files in, larger image files out. */
export const upscaleCommand = defineCommand({
  name: 'upscale',
  summary: 'Upscale images with a model',
  arguments: [{ name: '<input...>', description: 'image files' }],
  example: 'fqsr upscale photo.jpg -o photo-x2.png --model demo-out/model.fqsr',
  options: z.object({
    output: text({ description: 'image file; or a folder, for several inputs', value: 'out', short: 'o' }),
    model: text({ description: '.fqsr file (integers alone) or checkpoint', value: 'file' }),
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
  run: async (inputs, { output, model, backend, threads, memory, ...options }, io) => {
    const targets = await targetsOf(inputs, output);
    checkDistinct(targets);
    for (const { to } of targets) checkImageOptions(options, to);
    for (const { to } of targets) await assertWritable(to);
    const runtime = {
      backend,
      ...(threads === undefined ? {} : { threads }),
      ...(memory === undefined ? {} : { memoryBytes: memory * 2 ** 20 }),
    };
    const network = await loadNetwork(model, undefined, runtime, { say: io.say });
    const done: { input: string; output: string; width: number; height: number; seconds: number }[] = [];
    try {
      for (const { from, to } of targets) {
        const upscaling = await openUpscaling(network, { from, to }, options);
        for (const line of upscaling.notices) io.say(line);
        const started = performance.now();
        const progress = io.progress(`${parse(from).base} by ${network.label}`, 100, '%');
        try {
          const { width, height } = upscaling;
          await writeWhole(
            to,
            upscaling.bytes((share) => progress.update(Math.floor(share * 100))),
          );
          const seconds = (performance.now() - started) / 1000;
          done.push({ input: from, output: to, width, height, seconds });
        } finally {
          progress.stop();
          await upscaling.dispose();
        }
      }
    } finally {
      network.dispose();
    }
    return {
      json: { model: network.label, arithmetic: network.arithmetic, scale: network.scale, images: done },
      text: done
        .map(({ output: to, width, height }) => `${to}: ${width} x ${height}, ${network.arithmetic}`)
        .join('\n'),
    };
  },
});

/** Nothing is overwritten that this very call reads or writes. @throws UsageError naming the file */
function checkDistinct(targets: readonly { from: string; to: string }[]): void {
  const taken = new Map(targets.map(({ from }) => [resolve(from), 'an input']));
  for (const { to } of targets) {
    const by = taken.get(resolve(to));
    if (by)
      throw new UsageError(
        `--output: ${to} must be a new file for each input, got ${by} (choose another folder or name)`,
      );
    taken.set(resolve(to), 'the output of another input of the same name');
  }
}

/** Where each input goes. @throws UsageError when that is not clear */
async function targetsOf(inputs: readonly string[], output: string): Promise<readonly { from: string; to: string }[]> {
  const extension = extname(output).toLowerCase();
  const asFolder = (await isFolder(output)) || output.endsWith('/') || inputs.length > 1;
  if (asFolder) return inputs.map((from) => ({ from, to: join(output, `${parse(from).name}.png`) }));
  if (!(encodableExtensions as readonly string[]).includes(extension)) {
    const known = encodableExtensions.join(', ');
    throw new UsageError(`--output: must end in one of ${known}, or be a folder, got ${output} (for example out.png)`);
  }
  return inputs.map((from) => ({ from, to: output }));
}
