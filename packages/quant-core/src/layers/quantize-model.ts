/** From somebody's float model to a quantized one. */
import type * as tf from '@tensorflow/tfjs';
import { QuantError } from '../error.js';
import { matches, type QuantPlan } from '../plan.js';
import type { QuantSpec } from '../quant-spec.js';
import { type Folded, foldBatchNorms } from './fold-batch-norm.js';
import { handlingOf, type LayerConfig, twinOf, twinRefusal } from './layer-table.js';
import { noiseSeed } from './noise-seed.js';
import { type LayerSpecs, type PlacedSpecs, placeSpecs } from './placement.js';
import type { WarmUpArgs } from './quantization.js';
import { type LayerEntry, modelOf, type Source, sourceOf, type Topology, topologyOf } from './topology.js';

/** How to quantize a model. */
export interface QuantizeModelOptions extends Omit<WarmUpArgs, 'calibrationState'> {
  /** Names of layers, or patterns with `*`, that may compute in float. */
  readonly allowFloat?: readonly string[];
  /** What becomes of batch normalization directly behind a convolution or a dense layer: folded into it (the default), or kept, in float. */
  readonly batchNorm?: 'fold' | 'keep';
}

/** A layer that computes in float, and why. */
export interface FloatLayer {
  readonly layer: string;
  readonly why: string;
}

/** What became of a model. */
export interface QuantizedModel {
  /** The new model, with the weights of the old one, not compiled; the caller disposes. */
  readonly model: tf.LayersModel;
  /** Layers that are quantized now. */
  readonly quantized: readonly string[];
  /** Normalizations that are gone. */
  readonly folded: readonly Folded[];
  /** Layers that compute in float, wholly or in part. */
  readonly float: readonly FloatLayer[];
}

/**
 * A quantized copy of a `LayersModel`, sequential or functional: `Conv2D`, `DepthwiseConv2D`, `Dense` and `Add` become their quantized twins under the same
 * names with the same weights, first and last layers included. Roles: kernels are `weights`, inputs of layers with a kernel `activations`, all inputs of an
 * add `skips`, and `outputs` puts every output of the model on a grid by a layer `<name>_levels` behind it (`null`: none, for a model whose outputs are not
 * images). `signed: 'auto'` is unsigned where a ReLU or the like is in front. Overrides match layer names.
 *
 * Layers that move, select or sum values stay: pooling, flattening, padding, ReLU, dropout. The new model warms up by training, or by `calibrateModel`.
 *
 * @param model stays as it is
 * @throws QuantError naming every layer that would compute in float, activations such as softmax included, where neither `allowFloat` nor a `null` in the plan
 *   says so; for an override of the plan that matches no layer; for a spec that a layer refuses
 *
 * @example
 * const w4a4s8 = planFromPreset('w4a4s8');
 * const plan = makePlan({ ...w4a4s8, roles: { ...w4a4s8.roles, outputs: null } });
 * const { model, quantized } = await quantizeModel(float, plan, { allowFloat: ['probabilities'] });
 */
export async function quantizeModel(
  model: tf.LayersModel,
  plan: QuantPlan,
  options: QuantizeModelOptions = {},
): Promise<QuantizedModel> {
  const { allowFloat = [], batchNorm = 'fold', ...warmUp } = options;
  const original = topologyOf(model);
  const unfolded = { topology: original, folded: [], weights: new Map<string, readonly tf.Tensor[]>() };
  const { topology, folded, weights } = batchNorm === 'fold' ? foldBatchNorms(model, original) : unfolded;
  try {
    const placed = placeSpecs(topology, plan);
    const unable = topology.layers.flatMap((entry) => floatParts(entry, placed));
    const refused = unable.filter(({ layer }) => !allowFloat.some((pattern) => matches(pattern, layer)));
    if (refused.length > 0) {
      const list = refused.map(({ layer, why }) => `${layer}: ${why}`).join('; ');
      const remedy = 'name them in allowFloat, or change the model';
      throw new QuantError('quantizeModel', `model must have integer layers only, got ${list}`, remedy);
    }
    const rebuilt = await modelOf(withOutputs(withTwins(topology, placed, warmUp), placed.outputs, warmUp));
    copyWeights(model, rebuilt, topology, weights);
    const quantized = [...placed.layers].filter(([, specs]) => isQuantized(specs)).map(([name]) => name);
    return { model: rebuilt, quantized, folded, float: [...unable, ...leftByPlan(placed)] };
  } finally {
    for (const tensors of weights.values()) for (const tensor of tensors) tensor.dispose();
  }
}

const isQuantized = (specs: LayerSpecs) => Object.values(specs).some((spec) => spec !== null);

/** What of a layer cannot be quantized. */
function floatParts({ name, className, config }: LayerEntry, placed: PlacedSpecs): readonly FloatLayer[] {
  const refusal = twinOf(className) && !placed.layers.has(name) ? twinRefusal(className, config) : null;
  return [refusal, handlingOf(className).float(config)].flatMap((why) => (why ? [{ layer: name, why }] : []));
}

/** What the plan leaves in float. */
function leftByPlan({ layers }: PlacedSpecs): readonly FloatLayer[] {
  return [...layers].flatMap(([layer, specs]) => {
    const roles = Object.entries(specs).filter(([, spec]) => spec === null);
    return roles.length > 0
      ? [{ layer, why: `the plan leaves ${roles.map(([role]) => role).join(' and ')} in float` }]
      : [];
  });
}

type WarmUpOptions = Omit<WarmUpArgs, 'calibrationState'>;

/** Every layer that has specs, as its quantized twin. */
function withTwins(topology: Topology, placed: PlacedSpecs, warmUp: WarmUpOptions): Topology {
  const layers = topology.layers.map((entry, i): LayerEntry => {
    const specs = placed.layers.get(entry.name);
    if (!specs || !isQuantized(specs)) return entry;
    const quantization = quantizationOf(specs, warmUp, i);
    // TensorFlow.js writes the regularizer of a depthwise layer in the constraint's place.
    const { depthwiseConstraint: _, ...config } = entry.config;
    return { ...entry, className: twinOf(entry.className) as string, config: { ...config, quantization } };
  });
  return { ...topology, layers };
}

/** The quantization of the layer at a place in the model, as JSON; each has noise of its own. */
function quantizationOf(specs: LayerSpecs, { seed = null, ...warmUp }: WarmUpOptions, place: number): LayerConfig {
  const own = seed === null ? null : noiseSeed(seed, place, 0);
  return JSON.parse(JSON.stringify({ ...specs, ...warmUp, seed: own }));
}

/** A `Quantize` layer behind every output that has a spec. */
function withOutputs(topology: Topology, specs: readonly (QuantSpec | null)[], warmUp: WarmUpOptions): Topology {
  const layers = [...topology.layers];
  const outputs = topology.outputs.map((source, i): Source => {
    const spec = specs[i];
    if (!spec) return source;
    const [from, node, tensor] = source;
    const name = `${from}_levels`;
    const quantization = quantizationOf({ activations: spec }, warmUp, layers.length);
    layers.push({ name, className: 'Quantize', config: { name, quantization }, inputs: [[[from, node, tensor, {}]]] });
    return sourceOf(name);
  });
  return { ...topology, layers, outputs };
}

/** Copies weights by layer; quantized layers begin with those of the layer that they replace. */
function copyWeights(
  from: tf.LayersModel,
  to: tf.LayersModel,
  { layers }: Topology,
  folded: ReadonlyMap<string, readonly tf.Tensor[]>,
): void {
  for (const { name } of layers) {
    const layer = to.getLayer(name);
    const weights = folded.get(name) ?? from.getLayer(name).getWeights();
    layer.setWeights([...weights, ...layer.getWeights().slice(weights.length)]);
  }
}
