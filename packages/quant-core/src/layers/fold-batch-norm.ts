/**
 * Folds batch normalization into the layer in front of it: `y = g * (conv(x, w) + b - mean) + beta` with `g = gamma / sqrt(variance + epsilon)` per output
 * channel is `conv(x, g * w) + (g * (b - mean) + beta)`. Inference statistics; after the fold there are none to train.
 */
import * as tf from '@tensorflow/tfjs';
import type { LayerConfig } from './layer-table.js';
import { type LayerEntry, type Topology, usesOf, without } from './topology.js';

/** A normalization that was folded. */
export interface Folded {
  readonly batchNorm: string;
  readonly into: string;
}

/** A topology after folding. */
export interface FoldResult {
  readonly topology: Topology;
  readonly folded: readonly Folded[];
  /** New kernels and biases by layer, `[kernel, bias]`; the caller disposes. */
  readonly weights: ReadonlyMap<string, readonly tf.Tensor[]>;
}

const foldsInto = ['Conv2D', 'DepthwiseConv2D', 'Dense'];

/** Folds every batch normalization that stands directly behind a convolution or a dense layer, linear and used by nothing else. */
export function foldBatchNorms(model: tf.LayersModel, topology: Topology): FoldResult {
  let current = topology;
  const folded: Folded[] = [];
  const weights = new Map<string, readonly tf.Tensor[]>();
  for (const entry of topology.layers) {
    const target = targetOf(entry, current, model);
    if (!target) continue;
    weights.set(target.name, foldedWeights(model, entry, target));
    const withBias = (layer: LayerEntry): LayerEntry =>
      layer.name === target.name ? { ...layer, config: { ...layer.config, useBias: true } } : layer;
    current = without({ ...current, layers: current.layers.map(withBias) }, entry.name, target.name);
    folded.push({ batchNorm: entry.name, into: target.name });
  }
  return { topology: current, folded, weights };
}

/** The layer that a batch normalization folds into, or `null`. */
function targetOf(entry: LayerEntry, topology: Topology, model: tf.LayersModel): LayerEntry | null {
  if (entry.className !== 'BatchNormalization' || entry.inputs.length !== 1) return null;
  const source = topology.layers.find(({ name }) => name === entry.inputs[0]?.[0]?.[0]);
  if (!source || !foldsInto.includes(source.className)) return null;
  const isLinear = (source.config['activation'] ?? 'linear') === 'linear';
  const isAlone = source.inputs.length <= 1 && usesOf(topology, source.name) === 1;
  if (!isLinear || !isAlone || source.config['dataFormat'] === 'channelsFirst') return null;
  const rank = (model.getLayer(entry.name).outputShape as tf.Shape).length;
  const axis = Number(entry.config['axis'] ?? -1);
  return axis === -1 || axis === rank - 1 ? source : null;
}

function foldedWeights(model: tf.LayersModel, { name, config }: LayerEntry, target: LayerEntry): readonly tf.Tensor[] {
  const statistic = namedWeights(model.getLayer(name));
  const [kernel, bias] = model.getLayer(target.name).getWeights() as [tf.Tensor, tf.Tensor | undefined];
  return tf.tidy(() => {
    const mean = statistic('moving_mean') as tf.Tensor;
    const spread = tf.sqrt(tf.add(statistic('moving_variance') as tf.Tensor, epsilonOf(config)));
    const gain = tf.div(statistic('gamma') ?? tf.onesLike(mean), spread);
    const centred = bias ? tf.sub(bias, mean) : tf.neg(mean);
    const shift = tf.add(tf.mul(gain, centred), statistic('beta') ?? tf.zerosLike(mean));
    // A depthwise kernel has its output channels on two axes.
    const perChannel = target.className === 'DepthwiseConv2D' ? tf.reshape(gain, kernel.shape.slice(2)) : gain;
    return [tf.mul(kernel, perChannel), shift];
  });
}

function epsilonOf(config: LayerConfig): number {
  return Number(config['epsilon'] ?? 1e-3);
}

/** Weights of a layer by the last part of their names. */
function namedWeights(layer: tf.layers.Layer): (name: string) => tf.Tensor | null {
  return (name) => {
    const variable = layer.weights.find(({ originalName }) => originalName.split('/').at(-1) === name);
    return variable ? variable.read() : null;
  };
}
