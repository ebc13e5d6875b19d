/** Scale and offset of a quantized network's last convolution, by least squares to the float network. */
import { real } from '@fqsr/quant-core';
import * as tf from '@tensorflow/tfjs';
import { ModelError } from '../error.js';
import type { Conv2dNode, Graph, GraphNode } from '../graph.js';
import { type Params, toTensors } from '../params.js';
import type { Network } from '../passes/fold.js';
import { forward } from '../passes/forward.js';
import type { CalibrationBatch } from './calibrate-graph.js';

/**
 * Parameters whose last convolution gives `a y + b` in place of `y`, for each of its output channels: with `y` of the quantized and `x` of the float network over all positions of the batches,
 * `a = cov(x, y) / var(y)` and `b = mean(x) - a mean(y)`.
 *
 * Weights that end a training between two levels are rounded to one side; where all channels carry brightness, as in a balanced basis, a few of them shift contrast by a percent.
 * This takes it back at no cost to inference: weights, their steps and the bias are multiplied by `a`, so every integer weight stays as it is.
 *
 * @param graph a quantized graph whose last convolution has weights of `lsq-log`, a step for each channel
 * @param float the float network, with a convolution of the same name
 * @param batches at least one
 * @throws ModelError where there is no such convolution, its weights have other grids, only one of both adds it to an enlargement of the image, or there is no batch
 *
 * @example
 * const corrected = correctOutput(graph, params, { graph: floatGraph, params: floatParams }, batches);
 */
export function correctOutput(
  graph: Graph,
  params: Params,
  float: Network,
  batches: readonly CalibrationBatch[],
): Params {
  const last = graph.nodes.findLast(isConv);
  const refuse = (constraint: string, got: string) => new ModelError('correctOutput', constraint, got);
  if (!last || !float.graph.nodes.some(({ name, op }) => name === last.name && op === 'conv2d')) {
    throw refuse(
      `float must have the last convolution of graph, got none named ${last?.name}`,
      'give its float network',
    );
  }
  const [adds, wantedAdds] = [graph, float.graph].map(({ nodes }) => nodes.some(({ op }) => op === 'bilinear'));
  if (adds !== wantedAdds) {
    throw refuse(
      `float must have an image skip where graph has one, got ${wantedAdds} and ${adds}`,
      'see withImageSkip',
    );
  }
  const logSteps = params.get(`${last.name}.weight.logStep`);
  if (logSteps?.length !== last.outChannels) {
    throw refuse(
      `graph must quantize the weights of ${last.name} by lsq-log, a step for each channel, got ${logSteps?.length ?? 'no'} steps`,
      'quantize them so',
    );
  }
  if (batches.length === 0) throw refuse('batches must hold patches, got none', 'give some');
  const [own, wanted] = [madeBy(graph, params, 'quantized'), madeBy(float.graph, float.params, 'float')];
  const sums = new Float64Array(4 * last.outChannels);
  for (const batch of batches) {
    const moments = tf.tidy(() => {
      const [y, x] = [own(batch, last.name), wanted(batch, last.name)];
      const [meanY, meanX] = [tf.mean(y, [0, 1, 2]), tf.mean(x, [0, 1, 2])];
      const squares = tf.mean(tf.square(y.sub(meanY)), [0, 1, 2]);
      const products = tf.mean(tf.mul(y.sub(meanY), x.sub(meanX)), [0, 1, 2]);
      return tf.stack([meanY, meanX, squares, products]).dataSync();
    });
    addMoments(sums, moments, last.outChannels);
  }
  const fits = Array.from({ length: last.outChannels }, (_, o) => fitOf(sums, o, last.outChannels, batches.length));
  const gain = (at: number) => (fits[at % last.outChannels] as Fit).gain;
  const changed = new Map(params);
  const change = (name: string, map: (value: number, at: number) => number) =>
    changed.set(name, (params.get(name) as Float32Array).map(map));
  change(`${last.name}.weight`, (value, at) => value * gain(at));
  change(`${last.name}.weight.logStep`, (value, at) => value + Math.log(gain(at)));
  change(`${last.name}.bias`, (value, at) => value * gain(at) + (fits[at] as Fit).offset);
  return changed;
}

interface Fit {
  readonly gain: number;
  readonly offset: number;
}

/** What a convolution makes of a batch, before anything behind it. */
const madeBy =
  (graph: Graph, params: Params, mode: 'float' | 'quantized') => (batch: CalibrationBatch, conv: string) => {
    const { lr, batchSize, patchSize } = batch;
    const seen: tf.Tensor4D[] = [];
    forward(graph, tf.tensor4d(lr, [batchSize, patchSize, patchSize, 3]), {
      params: toTensors(graph, params),
      mode,
      onNode: ({ name }, output) => name === conv && seen.push(real(output)),
    });
    return seen[0] as tf.Tensor4D;
  };

/** Adds means, and second moments about 0, of one batch; batches count alike. */
function addMoments(sums: Float64Array, moments: ArrayLike<number>, channels: number): void {
  for (let o = 0; o < channels; o++) {
    const of = (row: number) => moments[row * channels + o] as number;
    const add = (row: number, value: number) => {
      sums[row * channels + o] = (sums[row * channels + o] as number) + value;
    };
    add(0, of(0));
    add(1, of(1));
    add(2, of(2) + of(0) ** 2);
    add(3, of(3) + of(0) * of(1));
  }
}

/** A channel that does not vary, or goes against the float one, keeps its scale. */
function fitOf(sums: Float64Array, channel: number, channels: number, count: number): Fit {
  const [y, x, yy, xy] = [0, 1, 2, 3].map((row) => (sums[row * channels + channel] as number) / count) as [
    number,
    number,
    number,
    number,
  ];
  const [variance, covariance] = [yy - y * y, xy - x * y];
  const gain = variance > 0 && covariance > 0 ? covariance / variance : 1;
  return { gain, offset: x - gain * y };
}

const isConv = (node: GraphNode): node is Conv2dNode => node.op === 'conv2d';
