import type { QuantPlan } from '@fqsr/quant-core/spec';
import {
  type Audit,
  auditGraph,
  bitOpsFormula,
  buildGraph,
  type Cost,
  cost,
  foldGraph,
  type Graph,
  graphOf,
  modelByName,
  quantizeGraph,
  raise,
} from '@fqsr/sr-models';
import { z } from 'zod';
import { defineCommand, flag, text, whole } from '../command.js';
import { type CostColumn, compareCosts, comparisonTable, costMetrics } from '../cost-comparison.js';
import { asUsage, UsageError } from '../errors.js';
import { assertWritable, writeWhole } from '../files.js';
import type { Io } from '../io.js';
import { readModelFile } from '../networks.js';
import { planOption, resolvePlan } from '../plan-option.js';
import { costReport } from '../report/cost-chart.js';
import { quantity, table } from '../table.js';
import { namesNetwork } from '../zoo.js';

/** `fqsr info`: what a network is made of, what it costs, and the proof that nothing is float. */
export const infoCommand = defineCommand({
  arguments: [
    {
      name: '<model>',
      description:
        'checkpoint (ours or of PyTorch), .fqsr file, name from fqsr zoo, or of a network (with --scale and --plan)',
    },
  ],
  example: 'fqsr info demo-out/model.fqsr --audit',
  options: z.object({
    audit: flag({ description: 'print the grid of every tensor; exit 1 if one is float' }),
    input: z
      .string()
      .regex(/^[1-9]\d{0,4}x[1-9]\d{0,4}$/, 'must be written HxW')
      .default('128x128')
      .meta({ description: 'size of the low-resolution image', value: 'HxW' }),
    scale: whole({ description: 'upscaling factor, for a model name', value: 'n' }, 2, 4).default(2),
    plan: planOption(
      'quantization plan of a float network, compared with float and with its body alone quantized',
    ).optional(),
    chart: text({ description: 'write that comparison as a page with a bar chart', value: 'file.html' }).optional(),
  }),
  run: async ([spec = ''], { audit, input, scale, plan, chart }, io) => {
    const chosen = plan === undefined ? null : await resolvePlan(plan);
    if (chart !== undefined) await assertWritable(chart);
    const { name, costs, audited, comparison } = await describe(spec, scale, chosen, io);
    const [height, width] = input.split('x').map(Number) as [number, number];
    const pixels = height * width;
    const totals = {
      input: [height, width],
      macs: costs.macsPerPixel * pixels,
      bitOps: costs.bitOpsPerPixel * pixels,
      peakActivationBytes: costs.peakActivationBytesPerPixel * pixels,
      skipBytes: costs.skipBytesPerPixel * pixels,
      bodyActivationBytes: costs.bodyActivationBytesPerPixel * pixels,
      bodySkipBytes: costs.bodySkipBytesPerPixel * pixels,
    };
    if (chart !== undefined) {
      if (comparison.length === 0) throw new UsageError('--chart: must have a plan to compare (add --plan w4a4s8)');
      await writeWhole(chart, await costReport(name, comparison, input, pixels));
    }
    const lines = [
      `${name}: ${audited.fullyQuantized ? 'fully quantized' : `float in ${audited.floats.length} tensors`}`,
      comparison.length > 0 ? comparisonTable(comparison, input, pixels) : ownTable(costs, input, pixels),
      `BitOPs = ${bitOpsFormula}`,
    ];
    if (audit) lines.push(auditTable(audited));
    if (chart !== undefined) lines.push(chart);
    return {
      json: { name, ...costs, ...totals, bitOpsFormula, comparison, audit: audited },
      text: lines.join('\n\n'),
      exitCode: audit && !audited.fullyQuantized ? 1 : 0,
    };
  },
});

/** One network's costs for people. */
function ownTable(costs: Cost, input: string, pixels: number): string {
  return table(
    ['cost', `for ${input}`],
    [
      ['parameters', quantity(costs.parameters, '')],
      ...costMetrics.map(({ label, unit, of }) => [label, quantity(of(costs, pixels), unit)]),
    ],
  );
}

/** The audit for people. */
export function auditTable({ rows, fullyQuantized, floats }: Audit): string {
  return [
    table(
      ['tensor', 'role', 'grid', 'bits', 'values'],
      rows.map(({ tensor, role, grid, bits, size }) => [tensor, role, grid, String(bits), String(size)]),
    ),
    fullyQuantized ? 'audit: no float tensor' : `audit: float in ${floats.join(', ')}`,
  ].join('\n');
}

/** What a model argument stands for. */
interface Described {
  readonly name: string;
  readonly costs: Cost;
  readonly audited: Audit;
  /** Float, body-only and quantized, where there is a plan to compare. */
  readonly comparison: readonly CostColumn[];
}

async function describe(spec: string, scale: number, plan: QuantPlan | null, io: Io): Promise<Described> {
  if (namesNetwork(spec)) {
    return ofNetwork(buildGraph(asUsage('model', () => modelByName(spec, scale))), plan);
  }
  const file = await readModelFile(spec, 'model', { say: io.say });
  if (file.kind === 'checkpoint' && !(plan && file.checkpoint.plan)) {
    const { model } = file.checkpoint;
    return ofNetwork(buildGraph(model), plan ?? file.checkpoint.plan);
  }
  if (plan) throw new UsageError(`--plan: ${spec} must be a float network, got a quantized one (leave --plan out)`);
  if (file.kind === 'fqsr') return { ...ofGraph(raise(file.model)), comparison: [] };
  return ofGraph(graphOf(file.checkpoint));
}

function ofNetwork(float: Graph, plan: QuantPlan | null): Described {
  if (!plan) return ofGraph(float);
  const graph = asUsage('--plan', () => quantizeGraph(foldGraph(float), plan));
  return { ...ofGraph(graph), comparison: compareCosts(float, plan) };
}

function ofGraph(graph: Graph): Described {
  return { name: graph.name, costs: cost(graph), audited: auditGraph(graph), comparison: [] };
}
