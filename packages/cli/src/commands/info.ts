import { existsSync } from 'node:fs';
import { planFromPreset } from '@fqsr/quant-core/spec';
import {
  type Audit,
  auditGraph,
  bitOpsFormula,
  buildGraph,
  type Cost,
  cost,
  type Graph,
  graphOf,
  modelByName,
  quantizeGraph,
  raise,
} from '@fqsr/sr-models';
import { z } from 'zod';
import { defineCommand, flag, text, whole } from '../command.js';
import { asUsage } from '../errors.js';
import { readModelFile } from '../networks.js';
import { quantity, table } from '../table.js';

/** `fqsr info`: what a network is made of, what it costs, and the proof that nothing is float. */
export const infoCommand = defineCommand({
  name: 'info',
  summary: 'Show what a model costs, and on which grid each of its tensors lives',
  arguments: [{ name: '<model>', description: 'checkpoint, .fqsr file, or model name (with --scale and --plan)' }],
  example: 'fqsr info demo-out/model.fqsr --audit',
  options: z.object({
    audit: flag({ description: 'print the grid of every tensor; exit 1 if one is float' }),
    input: z
      .string()
      .regex(/^[1-9]\d{0,4}x[1-9]\d{0,4}$/, 'must be written HxW')
      .default('128x128')
      .meta({ description: 'size of the low-resolution image', value: 'HxW' }),
    scale: whole({ description: 'upscaling factor, for a model name', value: 'n' }, 2, 4).default(2),
    plan: text({ description: 'quantization plan, for a model name, e.g. w4a4s8', value: 'plan' }).optional(),
  }),
  run: async ([spec = ''], { audit, input, scale, plan }) => {
    const { name, costs, audited } = await describe(spec, scale, plan);
    const [height, width] = input.split('x').map(Number) as [number, number];
    const pixels = height * width;
    const totals = {
      input: [height, width],
      macs: costs.macsPerPixel * pixels,
      bitOps: costs.bitOpsPerPixel * pixels,
      peakActivationBytes: costs.peakActivationBytesPerPixel * pixels,
      skipBytes: costs.skipBytesPerPixel * pixels,
    };
    const lines = [
      `${name}: ${audited.fullyQuantized ? 'fully quantized' : `float in ${audited.floats.length} tensors`}`,
      table(
        ['cost', `for ${input}`],
        [
          ['parameters', quantity(costs.parameters, '')],
          ['model bytes', quantity(costs.modelBytes, 'B')],
          ['MACs', quantity(totals.macs, '')],
          ['BitOPs', quantity(totals.bitOps, '')],
          ['peak activations', quantity(totals.peakActivationBytes, 'B')],
          ['of these skips', quantity(totals.skipBytes, 'B')],
        ],
      ),
      `BitOPs = ${bitOpsFormula}`,
    ];
    if (audit) lines.push(auditTable(audited));
    return {
      json: { name, ...costs, ...totals, bitOpsFormula, audit: audited },
      text: lines.join('\n\n'),
      exitCode: audit && !audited.fullyQuantized ? 1 : 0,
    };
  },
});

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

async function describe(
  spec: string,
  scale: number,
  plan: string | undefined,
): Promise<{ name: string; costs: Cost; audited: Audit }> {
  if (!existsSync(spec) && !/[./\\]/.test(spec)) {
    const float = buildGraph(asUsage('model', () => modelByName(spec, scale)));
    return ofGraph(
      plan
        ? quantizeGraph(
            float,
            asUsage('--plan', () => planFromPreset(plan)),
          )
        : float,
    );
  }
  const file = await readModelFile(spec, 'model');
  return ofGraph(file.kind === 'checkpoint' ? graphOf(file.checkpoint) : raise(file.model));
}

function ofGraph(graph: Graph): { name: string; costs: Cost; audited: Audit } {
  return { name: graph.name, costs: cost(graph), audited: auditGraph(graph) };
}
