/** The objective of one step and its gradient. */
import { quantizationError, real } from '@fqsr/quant-core';
import * as tf from '@tensorflow/tfjs';
import { type BatchStatistics, collectStatistics, statisticTensors } from '../batch-statistics.js';
import { observedGrids, samplesFor } from '../calibrate.js';
import { type FlatLayout, splitTensor } from '../flat.js';
import type { Graph } from '../graph.js';
import type { Params } from '../params.js';
import { type ForwardHooks, forward } from '../passes/forward.js';
import type { TrainBatch } from './options.js';
import type { PassView, Term, TermSource } from './terms.js';

/** One pass over one batch. */
export interface PassOptions {
  readonly graph: Graph;
  readonly mode: 'float' | 'quantized';
  readonly statistics: 'batch' | 'running';
  readonly seed: number;
}

/** A pass whose gradient is asked for. */
export interface ObjectiveOptions extends PassOptions {
  readonly layout: FlatLayout;
  readonly theta: tf.Tensor1D;
  /** Running statistics by parameter name. */
  readonly running: Params;
  readonly terms: readonly TermSource[];
  readonly quantizationLoss: number;
  /** Whether quantizers' inputs are sampled, for the observers that watch them while they are off. */
  readonly samples: boolean;
}

/** What an observer is to see once the step is known to be sound. */
export interface Sample {
  readonly quantizer: string;
  /** Which of its observers. */
  readonly observer: number;
  readonly values: Float32Array;
}

/** An objective at one place. */
export interface Gradient {
  /** The weighted sum of all terms. */
  readonly loss: number;
  /** Each term before its weight. */
  readonly terms: Readonly<Record<string, number>>;
  /** Of all parameters, in layout order; the caller disposes. */
  readonly gradient: tf.Tensor1D;
  readonly finite: boolean;
  readonly samples: readonly Sample[];
  readonly statistics: readonly BatchStatistics[];
}

/** The images of a batch; the caller disposes. */
export function imagesOf(
  { lr, hr, batchSize, patchSize }: TrainBatch,
  scale: number,
): { lr: tf.Tensor4D; hr: tf.Tensor4D } {
  const side = patchSize * scale;
  return {
    lr: tf.tensor4d(lr, [batchSize, patchSize, patchSize, 3]),
    hr: tf.tensor4d(hr, [batchSize, side, side, 3]),
  };
}

/** The loss and the gradient of all parameters on one batch. Tensors left: the gradient. */
export function gradientOf(batch: TrainBatch, options: ObjectiveOptions): Omit<Gradient, 'finite'> {
  const { network, parameters, total } = options.layout;
  const quantized = options.mode === 'quantized';
  let loss = Number.NaN;
  const values: Record<string, number> = {};
  const samples: Sample[] = [];
  const statistics: BatchStatistics[] = [];
  const gradient = tf.tidy(() => {
    const images = imagesOf(batch, options.graph.scale);
    const terms = options.terms.flatMap((source) => source.of(images));
    const all = splitTensor(options.layout, options.theta);
    const learned = quantized ? all : all.slice(0, network.parameters);
    const running = statisticTensors(options.running);
    const objective = (...tensors: tf.Tensor[]): tf.Scalar => {
      const own = parameters.slice(0, tensors.length).map(({ name }, i) => [name, tensors[i] as tf.Tensor] as const);
      const penalties: tf.Scalar[] = [];
      const watched = watchNodes(options.terms);
      const sr = forward(options.graph, images.lr, {
        params: new Map([...running, ...own]),
        mode: options.mode,
        statistics: options.statistics,
        seed: options.seed,
        ...collectStatistics(statistics),
        ...watched.hooks,
        ...(options.samples ? sampleInputs(options.graph, samples) : penalize(options, penalties)),
      });
      const value = weighted(terms, { ...images, sr, node: watched.node }, values);
      loss = value.dataSync()[0] as number;
      return penalties.reduce((sum, penalty) => tf.add(sum, tf.mul(penalty, options.quantizationLoss)), value);
    };
    const grads = tf
      .valueAndGrads(objective)(learned)
      .grads.map((grad) => tf.reshape(grad, [-1]));
    if (!quantized && total > network.values) grads.push(tf.zeros([total - network.values]));
    return tf.concat1d(grads as tf.Tensor1D[]);
  });
  return { loss, terms: values, gradient, samples, statistics };
}

/** Whether all values are finite: 0 * g is 0 for every finite g, else NaN. */
export function isAllFinite(gradient: tf.Tensor1D): boolean {
  return tf.tidy(() => tf.sum(tf.mul(gradient, 0)).dataSync()[0] === 0);
}

/** The weighted sum of all terms; writes down each. */
function weighted(terms: readonly Term[], pass: PassView, into: Record<string, number>): tf.Scalar {
  const parts = terms.map(({ name, weight, of }) => {
    const value = of(pass);
    into[name] = value.dataSync()[0] as number;
    return weight === 1 ? value : (tf.mul(value, weight) as tf.Scalar);
  });
  return parts.reduce((sum, part) => tf.add(sum, part));
}

/** Keeps the values of the nodes that terms read, for the length of a pass. */
function watchNodes(sources: readonly TermSource[]): { hooks: ForwardHooks; node: PassView['node'] } {
  const wanted = new Set(sources.flatMap(({ watches }) => watches));
  const seen = new Map<string, tf.Tensor4D>();
  const node = (name: string) => seen.get(name) as tf.Tensor4D;
  if (wanted.size === 0) return { hooks: {}, node };
  const onNode: ForwardHooks['onNode'] = ({ name }, output) => {
    if (wanted.has(name)) seen.set(name, real(output));
  };
  return { hooks: { onNode }, node };
}

function sampleInputs(graph: Graph, samples: Sample[]): ForwardHooks {
  const observed = observedGrids(graph);
  return {
    onInput: ({ quantizer }, input) => {
      const count = observed.get(quantizer) ?? 0;
      if (count === 0) return;
      for (const [observer, values] of samplesFor(count, real(input)).entries()) {
        samples.push({ quantizer, observer, values });
      }
    },
  };
}

function penalize({ quantizationLoss }: ObjectiveOptions, penalties: tf.Scalar[]): ForwardHooks {
  if (quantizationLoss === 0) return {};
  return {
    onFakeQuant: (input, output) => {
      penalties.push(quantizationError(input, output));
    },
  };
}
