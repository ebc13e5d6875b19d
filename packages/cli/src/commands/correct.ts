import { useBackend } from '@fqsr/backends';
import {
  type Checkpoint,
  correctOutput,
  floatNetwork,
  graphOf,
  type Params,
  serializeCheckpoint,
} from '@fqsr/sr-models';
import { z } from 'zod';
import { defineCommand, text, whole } from '../command.js';
import { CliError } from '../errors.js';
import { assertWritable, writeWhole } from '../files.js';
import type { Io } from '../io.js';
import { named, readModelFile } from '../networks.js';
import { calibrationPatches } from '../post-training.js';

/** `fqsr correct`: contrast and brightness of a quantized checkpoint's images as the float network's. */
export const correctCommand = defineCommand({
  arguments: [{ name: '<checkpoint>', description: 'quantized checkpoint, as fqsr train or fqsr quantize wrote it' }],
  example:
    'fqsr correct runs/qat/model.safetensors --teacher runs/float/model.safetensors --calibrate photos -o corrected.safetensors',
  options: z.object({
    output: text({ description: 'checkpoint to write', value: 'file', short: 'o' }),
    teacher: text({ description: 'float checkpoint that it was made from', value: 'file' }),
    calibrate: text({ description: 'data whose low-resolution patches both see', value: 'data' }).default('photos'),
    patches: whole({ description: 'how many', value: 'n' }, 1, 4096).default(96),
    patchSize: whole({ description: 'their side', value: 'n' }, 4, 1024).default(48),
    seed: whole({ description: 'of patches', value: 'n' }, 0, 2 ** 31 - 1).default(1),
  }),
  run: async ([path = ''], { output, teacher, calibrate, patches, patchSize, seed }, io) => {
    await assertWritable(output);
    const own = await checkpointAt(path, 'checkpoint', io);
    if (!own.plan) throw new CliError(`${path} must be a quantized checkpoint, got a float one (quantize it first)`);
    const wanted = await checkpointAt(teacher, '--teacher', io);
    if (wanted.plan) {
      throw new CliError(
        `--teacher: ${teacher} must be a float checkpoint, got a quantized one (give what it came from)`,
      );
    }
    const [scale, teacherScale] = [own, wanted].map(({ model }) => model.config.scale);
    if (scale !== teacherScale) {
      throw new CliError(`--teacher: ${teacher} must enlarge by ${scale} as ${path} does, got ${teacherScale}`);
    }
    await useBackend('auto');
    const data = { data: calibrate, patches, patchSize, seed };
    const batches = await calibrationPatches(data, own.model.config.scale);
    const graph = graphOf(own);
    const params = await named(path, async () =>
      correctOutput(graph, own.params, floatNetwork(graphOf(wanted), wanted.params), batches),
    );
    const run = { ...own.run, corrected: { teacher, ...data } };
    await writeWhole(output, serializeCheckpoint({ ...own, params, training: null, run }));
    const { layer, gains, offsets } = changes(own.params, params);
    return {
      json: { output, name: graph.name, layer, gains, offsets },
      text: [
        `${layer}: times ${range(gains, 4)}, plus ${range(offsets, 3)} grey levels (${gains.length} channels)`,
        `${output}: ${graph.name}, every integer weight as before`,
      ].join('\n'),
    };
  },
});

async function checkpointAt(path: string, what: string, io: Io): Promise<Checkpoint> {
  const file = await readModelFile(path, what, { say: io.say });
  if (file.kind === 'checkpoint') return file.checkpoint;
  throw new CliError(`${path} must be a checkpoint, got integers (give the checkpoint that it was exported from)`);
}

/** The last convolution, and by channel what it was multiplied by, and what was added then. */
function changes(before: Params, after: Params) {
  const suffix = '.weight.logStep';
  const changed = [...after.keys()].find((name) => name.endsWith(suffix) && after.get(name) !== before.get(name));
  const layer = (changed as string).slice(0, -suffix.length);
  const of = (params: Params, name: string) => [...(params.get(`${layer}.${name}`) as Float32Array)];
  const steps = of(before, 'weight.logStep');
  const gains = of(after, 'weight.logStep').map((step, o) => Math.exp(step - (steps[o] as number)));
  const biases = of(before, 'bias');
  const offsets = of(after, 'bias').map((bias, o) => bias - (gains[o] as number) * (biases[o] as number));
  return { layer, gains, offsets };
}

const range = (values: readonly number[], digits: number): string =>
  `${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}`;
