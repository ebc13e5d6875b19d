/** Which tensor of a model gets which spec under a plan. */
import { QuantError } from '../error.js';
import { type Placement, type QuantPlan, type Role, specFor, unmatchedOverrides } from '../plan.js';
import type { QuantSpec } from '../quant-spec.js';
import { handlingOf, twinOf, twinRefusal } from './layer-table.js';
import type { LayerEntry, Topology } from './topology.js';

/** Specs of a layer's tensors by role, `null` where the plan leaves one in float. */
export type LayerSpecs = Readonly<Partial<Record<Role, QuantSpec | null>>>;

/** A plan, laid over a model. */
export interface PlacedSpecs {
  /** By layer, for layers that have a quantized twin and can become it. */
  readonly layers: ReadonlyMap<string, LayerSpecs>;
  /** For each output of the model. */
  readonly outputs: readonly (QuantSpec | null)[];
}

/** Lays a plan over a model. @throws QuantError for an override that matches nothing, and for probabilities on a grid of whole numbers */
export function placeSpecs(topology: Topology, plan: QuantPlan): PlacedSpecs {
  const able = topology.layers.filter(
    (entry) => twinOf(entry.className) && !twinRefusal(entry.className, entry.config),
  );
  const outputs = [...new Set(topology.outputs.map(([layer]) => layer))];
  const places: readonly Placement[] = [
    ...able.flatMap((entry) => rolesOf(entry).map((role) => ({ role, node: entry.name }))),
    ...outputs.map((node) => ({ role: 'outputs', node }) as const),
  ];
  const unmatched = unmatchedOverrides(plan, places).map(({ pattern, role }) => `${role} of ${pattern}`);
  if (unmatched.length > 0) {
    const got = unmatched.join(', ');
    throw new QuantError(
      'quantizeModel',
      `plan.overrides must match layers, got ${got}`,
      'correct the pattern or the role',
    );
  }
  return {
    layers: new Map(able.map((entry) => [entry.name, specsOf(entry, topology, plan)])),
    outputs: topology.outputs.map(([layer]) => outputSpec(layer, topology, plan)),
  };
}

function rolesOf({ className }: LayerEntry): readonly Role[] {
  return className === 'Add' ? ['skips'] : ['weights', 'activations'];
}

function specsOf(entry: LayerEntry, topology: Topology, plan: QuantPlan): LayerSpecs {
  const sources = entry.inputs.flat();
  const nonNegative = sources.length > 0 && sources.every(([layer]) => isNonNegative(layer, topology));
  const specs = rolesOf(entry).map(
    (role) => [role, specFor(plan, role, entry.name, role !== 'weights' && nonNegative)] as const,
  );
  return Object.fromEntries(specs);
}

function outputSpec(layer: string, topology: Topology, plan: QuantPlan): QuantSpec | null {
  const spec = specFor(plan, 'outputs', layer, isNonNegative(layer, topology));
  const entry = topology.layers.find(({ name }) => name === layer);
  const isSoftmax = entry?.className === 'Softmax' || entry?.config['activation'] === 'softmax';
  if (!isSoftmax || spec?.quantizer !== 'fixed') return spec;
  throw new QuantError(
    'quantizeModel',
    `plan.roles.outputs must be null or scaled for ${layer}, whose probabilities lie between 0 and 1, got steps of 1`,
    'the preset is for images',
  );
}

/** Whether no output of a layer is below zero. `open` guards against layers that are applied to what they made. */
function isNonNegative(name: string, topology: Topology, open: readonly string[] = []): boolean {
  const entry = topology.layers.find((layer) => layer.name === name);
  if (!entry || open.includes(name)) return false;
  const sign = handlingOf(entry.className).sign(entry.config);
  if (sign !== 'kept') return sign === 'non-negative';
  const sources = entry.inputs.flat();
  return sources.length > 0 && sources.every(([layer]) => isNonNegative(layer, topology, [...open, name]));
}
