import { useBackend } from '@fqsr/backends';
import { openSource, type Source } from '@fqsr/datasets';
import {
  type Budget,
  buildGraph,
  createBench,
  foldBatchNorm,
  type ImageBatch,
  measureSensitivity,
  type Proposal,
  parseBudget,
  proposePlan,
  type Sensitivity,
} from '@fqsr/sr-models';
import { z } from 'zod';
import { defineCommand, text, whole } from '../command.js';
import { asUsage, CliError } from '../errors.js';
import { assertWritable, writeWhole } from '../files.js';
import { readModelFile } from '../networks.js';
import { quantity, table } from '../table.js';

/** `fqsr sensitivity`: what each tensor loses at few bits, and a mixed-precision plan under a budget. */
export const sensitivityCommand = defineCommand({
  arguments: [{ name: '<checkpoint>', description: 'float checkpoint' }],
  example: 'fqsr sensitivity edsr.safetensors --calibrate photos --budget 25%bitops -o plan.json',
  options: z.object({
    output: text({ description: 'plan to write, for --plan of the other commands', value: 'plan.json', short: 'o' }),
    budget: text({ description: 'such as 25%bitops or 50%bytes of the network at 8 bits, or 300kB', value: 'budget' }),
    calibrate: text({ description: 'data whose low-resolution images are measured on', value: 'data' }).default(
      'photos',
    ),
    images: whole({ description: 'its first images', value: 'n' }, 1, 1000).default(4),
    patch: whole({ description: 'side of the square cut out of the middle of each', value: 'n' }, 8, 1024).default(32),
    widths: z
      .string()
      .regex(/^[2-8](,[2-8])*$/, 'must be widths from 2 to 8 such as 2,4,8')
      .default('2,3,4,6,8')
      .meta({ description: 'bits to choose from', value: 'list' }),
    calibration: z
      .enum(['mse', 'moving-max'])
      .default('mse')
      .meta({ description: 'how steps are found', value: 'name' }),
    name: z
      .string()
      .regex(/^[a-z0-9-]+$/, 'must be of small letters, digits and -')
      .default('mixed')
      .meta({ description: 'name of the plan', value: 'name' }),
  }),
  run: async ([path = ''], { output, budget: wanted, calibrate, images, patch, widths, calibration, name }, io) => {
    await assertWritable(output);
    const file = await readModelFile(path, 'checkpoint', { say: io.say });
    if (file.kind === 'fqsr' || file.checkpoint.plan) {
      throw new CliError(`${path} must be a float checkpoint, got a quantized network (give the one it came from)`);
    }
    const { model } = file.checkpoint;
    await useBackend('auto');
    const { graph, params } = foldBatchNorm(buildGraph(model), file.checkpoint.params);
    const budget = asUsage('--budget', () => parseBudget(wanted, graph));
    const source = await openSource(calibrate);
    const batch = await patchesOf(source, graph.scale, images, patch);
    const bits = [...new Set([...widths.split(',').map(Number), 8])].sort((a, b) => a - b);
    const bench = createBench(graph, params, batch, bits, calibration);
    const progress = io.progress(`sensitivity of ${graph.name}`, bench.tensors.length * (bits.length - 1), 'passes');
    try {
      const sensitivities = measureSensitivity(bench, (done) => progress.update(done));
      progress.stop();
      const proposal = proposePlan(graph, bench, sensitivities, budget, name);
      await writeWhole(output, `${JSON.stringify(proposal.plan, null, 2)}\n`);
      const { plan, ...measured } = proposal;
      return {
        json: { output, widths: bits, budget, ...measured, tensors: rowsOf(sensitivities, proposal), plan },
        text: describe(output, bits, budget, sensitivities, proposal),
      };
    } finally {
      progress.stop();
      bench.dispose();
    }
  },
});

/** The middle of each image, side by side. @throws CliError when there is none that is large enough */
async function patchesOf(source: Source, scale: number, images: number, side: number): Promise<ImageBatch> {
  const patches: number[] = [];
  const count = Math.min(images, source.count);
  for (let i = 0; i < count; i++) {
    const { lr, name } = await source.pair(i, scale);
    if (lr.width < side || lr.height < side) {
      throw new CliError(
        `--patch: must be at most the ${lr.width}x${lr.height} of ${name}, got ${side} (make it smaller)`,
      );
    }
    const [left, top] = [(lr.width - side) >> 1, (lr.height - side) >> 1];
    for (let y = top; y < top + side; y++) {
      for (const value of lr.data.subarray((y * lr.width + left) * 3, (y * lr.width + left + side) * 3))
        patches.push(value);
    }
  }
  if (count === 0) throw new CliError(`--calibrate: ${source.name} must hold an image, got none (check the folder)`);
  return { images: count, height: side, width: side, data: Float32Array.from(patches) };
}

interface Row extends Pick<Sensitivity, 'role' | 'node' | 'losses'> {
  /** Bits in the plan. */
  readonly bits: number;
}

function rowsOf(sensitivities: readonly Sensitivity[], { plan }: Proposal): readonly Row[] {
  return sensitivities.map(({ role, node, losses }) => {
    const override = plan.overrides.findLast((own) => own.role === role && own.pattern === node);
    return { role, node, losses, bits: override?.spec?.bits ?? plan.roles[role]?.bits ?? 8 };
  });
}

function describe(
  output: string,
  widths: readonly number[],
  budget: Budget,
  sensitivities: readonly Sensitivity[],
  proposal: Proposal,
): string {
  const unit = (value: number) =>
    budget.of === 'modelBytes' ? quantity(value, 'B') : `${quantity(value, '')} BitOPs a pixel`;
  const narrow = widths.filter((bits) => bits !== 8);
  const { uniform, by } = proposal;
  return [
    table(
      ['tensor', 'role', ...narrow.map((bits) => `${bits} bits`), 'chosen'],
      rowsOf(sensitivities, proposal).map(({ node, role, losses, bits }) => [
        node,
        role,
        ...narrow.map((_, i) => (losses[i] as number).toPrecision(3)),
        String(bits),
      ]),
    ),
    'loss: mean squared difference from the float network in squared grey levels, with that tensor alone below 8 bits',
    '',
    `${output}: ${unit(proposal.cost)} of ${unit(budget.limit)}, loss ${proposal.mse.toPrecision(4)}`,
    uniform
      ? `best uniform plan in the budget: ${uniform.name}, ${unit(uniform.cost)}, loss ${uniform.mse.toPrecision(4)}${by === 'uniform' ? ' (and it is the one written)' : ''}`
      : 'no uniform plan with skips of 8 bits is in the budget',
  ].join('\n');
}
