/** The paper's argument in numbers: what a network costs in float, with its body alone quantized, and fully quantized. */
import { planFromPreset, type QuantPlan } from '@fqsr/quant-core/spec';
import { auditGraph, type Cost, cost, foldGraph, type Graph, quantizeGraph } from '@fqsr/sr-models';
import { quantity, table } from './table.js';

/** One way to run the network. */
export interface CostColumn {
  /** `float`, or the plan's name. */
  readonly label: string;
  readonly cost: Cost;
  /** Whether no tensor is float. */
  readonly fullyQuantized: boolean;
}

/**
 * Float, body-only at the plan's bits of weights and activations, and the plan.
 *
 * @param float a float graph
 */
export function compareCosts(float: Graph, plan: QuantPlan): readonly CostColumn[] {
  const column = (label: string, graph: Graph): CostColumn => ({
    label,
    cost: cost(graph),
    fullyQuantized: auditGraph(graph).fullyQuantized,
  });
  const under = (chosen: QuantPlan) => column(chosen.name, quantizeGraph(foldGraph(float), chosen));
  const { weights, activations } = plan.roles;
  const own = under(plan);
  if (!own.fullyQuantized) return [column('float', float), own];
  const bits = { w: Math.max(2, weights?.bits ?? 8), a: activations?.bits ?? 8 };
  return [column('float', float), under(planFromPreset(`body-w${bits.w}a${bits.a}`)), own];
}

/** A cost that is compared. */
export interface CostMetric {
  readonly label: string;
  readonly unit: string;
  /** For an image of so many low-resolution pixels. */
  readonly of: (cost: Cost, pixels: number) => number;
}

/** What is compared, in the order of the table and the chart. */
export const costMetrics: readonly CostMetric[] = [
  { label: 'model bytes', unit: 'B', of: ({ modelBytes }) => modelBytes },
  { label: 'MACs', unit: '', of: ({ macsPerPixel }, pixels) => macsPerPixel * pixels },
  { label: 'BitOPs', unit: '', of: ({ bitOpsPerPixel }, pixels) => bitOpsPerPixel * pixels },
  {
    label: 'peak activations',
    unit: 'B',
    of: ({ peakActivationBytesPerPixel }, pixels) => peakActivationBytesPerPixel * pixels,
  },
  {
    label: 'peak in the body',
    unit: 'B',
    of: ({ bodyActivationBytesPerPixel }, pixels) => bodyActivationBytesPerPixel * pixels,
  },
  { label: 'of these skips', unit: 'B', of: ({ bodySkipBytesPerPixel }, pixels) => bodySkipBytesPerPixel * pixels },
];

/** The comparison for people: each figure, and its share of float's. */
export function comparisonTable(columns: readonly CostColumn[], input: string, pixels: number): string {
  const [float] = columns;
  const cell = ({ of, unit }: CostMetric, column: CostColumn): string => {
    const value = of(column.cost, pixels);
    const whole = float ? of(float.cost, pixels) : value;
    const share = column === float || whole === 0 ? '' : ` (${percent(value / whole)})`;
    return `${quantity(value, unit)}${share}`;
  };
  return table(
    [`cost for ${input}`, ...columns.map(({ label }) => label)],
    [
      ['parameters', ...columns.map((column) => quantity(column.cost.parameters, ''))],
      ...costMetrics.map((metric) => [metric.label, ...columns.map((column) => cell(metric, column))]),
      ['float tensors left', ...columns.map(({ fullyQuantized }) => (fullyQuantized ? 'none' : 'yes'))],
    ],
  );
}

/** `1.6 %`, `100 %`. */
export function percent(share: number): string {
  return `${(100 * share).toPrecision(share >= 0.9995 ? 3 : 2)} %`;
}
