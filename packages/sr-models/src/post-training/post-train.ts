/** Post-training quantization of a graph: equalization, calibration, reconstruction and bias correction, region by region. */
import { biasCorrection, type ReconstructionOptions, reconstructionDefaults } from '@fqsr/quant-core';
import type { QuantPlan } from '@fqsr/quant-core/spec';
import * as tf from '@tensorflow/tfjs';
import { ModelError } from '../error.js';
import { type Conv2dNode, type Graph, inputsOf } from '../graph.js';
import { checkParams, type Params } from '../params.js';
import { quantizeGraph } from '../passes/quantize.js';
import { balanceGraph } from './balance-graph.js';
import { type CalibrationBatch, calibrateGraph, inputRanges } from './calibrate-graph.js';
import { equalizeGraph } from './equalize-graph.js';
import { type AlsoLearned, reconstructRegion } from './reconstruct-region.js';
import { type Granularity, type Region, regionsOf, sourceOf } from './regions.js';
import { type Values, valuesOf } from './run.js';
import { shareStreamGrids } from './stream-grids.js';
import { rotateGraph } from './transform-graph.js';

/** What to do; each part may be left out. */
export interface PostTrainOptions {
  /** Name of the calibration of all grids. */
  readonly calibration: string;
  /**
   * Changes the basis of the channels of feature maps that only linear ops make and read, or not: `hadamard` rotates them at random, `balanced` takes the basis of least quantization noise on the
   * batches (see `balancingTransform`). The seed is that of `learning`.
   */
  readonly rotation: 'hadamard' | 'balanced' | 'none';
  /** Balances channels across layers first, by the ranges of weights, or of activations as the batches show them, or not. */
  readonly equalization: 'weights' | 'activations' | 'none';
  /** Gives every add a grid of its own, or one to all adds of a residual stream (`shareStreamGrids`). */
  readonly skipGrids: 'own' | 'stream';
  /** Learns the rounding of weights, in layers or blocks, or rounds to the nearest. */
  readonly reconstruction: Granularity | 'none';
  /** What the reconstruction learns beside the rounding. */
  readonly learns: readonly AlsoLearned[];
  /** Lets the last convolution of each region take back the mean error of the region's output, or not. */
  readonly biasCorrection: 'mean' | 'none';
  /** How to learn. */
  readonly learning: Partial<ReconstructionOptions>;
  /** Sees each region when it is done. */
  readonly onRegion?: (report: RegionReport) => void;
}

/** What came nearest to the float network at 8 and at 4 bits (see `docs/post-training.md`). */
export const postTrainDefaults: PostTrainOptions = {
  calibration: 'mse',
  rotation: 'none',
  equalization: 'none',
  skipGrids: 'own',
  reconstruction: 'block',
  learns: ['steps', 'biases'],
  biasCorrection: 'mean',
  learning: {},
};

/** How a region came out: mean over positions of the squared error of its output, summed over channels, against the float network. */
export interface RegionReport {
  readonly region: string;
  readonly index: number;
  readonly count: number;
  /** With weights at their nearest levels; `null` where nothing was learned. */
  readonly nearest: number | null;
  /** In the end. */
  readonly final: number;
}

/** A quantized network. */
export interface PostTrained {
  readonly graph: Graph;
  readonly params: Params;
  readonly regions: readonly RegionReport[];
}

/**
 * Quantizes a float network without training it as a whole.
 *
 * 1. Change of basis of channels, then equalization of weights across layers, if asked: the same float function.
 * 2. Calibration: every grid from a float pass over the batches; then one grid for all skips of a stream, if asked.
 * 3. Region by region, in the order of the network, with everything before already quantized: the rounding of weights is learned so that the region, fed with what the
 *    quantized network gives it, answers as the float network does; then the last bias takes back what mean error is left.
 *
 * Rounded weights lie on their grids, so the graph's own quantizers keep them. All calibration patches are held at once: a feature map of each region's input and output in
 * float and quantized, and the global skip.
 *
 * @param graph a float graph
 * @param params its parameters
 * @param batches patches of one size, `lr` in grey levels
 * @throws ModelError when there are no batches, or they differ in size; QuantError for unknown names in plan or calibration
 *
 * @example
 * const { graph, params } = postTrain(float, floatParams, planFromPreset('w4a4s8'), batches, { learning: { iterations: 300 } });
 * const model = lower(graph, params);
 */
export function postTrain(
  graph: Graph,
  params: Params,
  plan: QuantPlan,
  batches: readonly CalibrationBatch[],
  options: Partial<PostTrainOptions> = {},
): PostTrained {
  const settings = { ...postTrainDefaults, ...options };
  checkParams(graph, params);
  const quantized = quantizeGraph(graph, plan);
  const images = imagesOf(batches);
  const seed = settings.learning.seed ?? reconstructionDefaults.seed;
  const turned = rotated[settings.rotation](graph, params, seed, batches);
  const float = equalized[settings.equalization](graph, turned, () => inputRanges(quantized, turned, batches));
  const calibrated = calibrateGraph(quantized, float, batches, settings.calibration);
  const current = new Map(
    settings.skipGrids === 'stream' ? shareStreamGrids(quantized, calibrated, batches) : calibrated,
  );
  const reports: RegionReport[] = [];
  if (settings.reconstruction === 'none' && settings.biasCorrection === 'none') {
    images.dispose();
    return { graph: quantized, params: current, regions: reports };
  }
  const regions = regionsOf(quantized, settings.reconstruction === 'block' ? 'block' : 'layer');
  const reference = new Map(current);
  const floats = valuesOf(quantized, () => reference, images, 'float');
  const values = valuesOf(quantized, () => current, images, 'quantized');
  try {
    for (const [index, region] of regions.entries()) {
      const own = improve(region, current, { floats, values, settings });
      const report = { region: region.name, index, count: regions.length, ...own };
      reports.push(report);
      settings.onRegion?.(report);
      const later = stillRead(quantized, region);
      for (const each of [floats, values]) each.keep(later);
    }
  } finally {
    floats.dispose();
    values.dispose();
    images.dispose();
  }
  return { graph: quantized, params: current, regions: reports };
}

/** The float network in another basis. */
const rotated = {
  none: (_graph, params) => params,
  hadamard: rotateGraph,
  balanced: (graph, params, seed, batches) => balanceGraph(graph, params, batches, seed),
} satisfies Record<
  PostTrainOptions['rotation'],
  (graph: Graph, params: Params, seed: number, batches: readonly CalibrationBatch[]) => Params
>;

/** The float network, equalized. */
const equalized = {
  none: (_graph, params) => params,
  weights: (graph, params) => equalizeGraph(graph, params),
  activations: (graph, params, ranges) => equalizeGraph(graph, params, ranges()),
} satisfies Record<
  PostTrainOptions['equalization'],
  (graph: Graph, params: Params, ranges: () => ReadonlyMap<string, Float32Array>) => Params
>;

interface Work {
  readonly floats: Values;
  readonly values: Values;
  readonly settings: PostTrainOptions;
}

/** Works on one region: changes `params`. */
function improve(
  region: Region,
  params: Map<string, Float32Array>,
  { floats, values, settings }: Work,
): Pick<RegionReport, 'nearest' | 'final'> {
  const targets = floats.at(region.name);
  let nearest: number | null = null;
  if (settings.reconstruction !== 'none') {
    const data = { inputs: [values.at(region.source)], floatInputs: [floats.at(region.source)], targets };
    // A stream's grid is not one region's to move.
    const learns = settings.learns.map((each) =>
      each === 'steps' && settings.skipGrids === 'stream' ? 'activation-steps' : each,
    );
    const { params: learned, error } = reconstructRegion(region, params, data, learns, settings.learning);
    for (const [name, value] of learned) params.set(name, value);
    nearest = error.nearest;
  }
  if (settings.biasCorrection === 'mean') correctBias(region, params, targets, values);
  const final = tf.tidy(() => tf.mean(tf.sum(tf.squaredDifference(targets, values.at(region.name)), -1)).dataSync()[0]);
  return { nearest, final: final as number };
}

/** Adds the mean error of the output to the bias of the convolution that it ends with, and forgets the output. */
function correctBias(
  { name, convs, graph }: Region,
  params: Map<string, Float32Array>,
  targets: tf.Tensor4D,
  values: Values,
): void {
  const last = convs.at(-1) as Conv2dNode;
  const gain = gainBehind(last, graph);
  const correction = biasCorrection(last.outChannels);
  correction.observe(targets, values.at(name));
  const added = correction.result();
  const bias = params.get(`${last.name}.bias`) as Float32Array;
  params.set(
    `${last.name}.bias`,
    bias.map((value, channel) => value + (added[channel] as number) / gain),
  );
  values.forget(name);
}

/** What a region's residual scaling makes of its last convolution. */
function gainBehind(last: Conv2dNode, { nodes }: Graph): number {
  const behind = nodes.slice(nodes.findIndex(({ name }) => name === last.name));
  return behind.reduce((gain, node) => (node.op === 'scale' ? gain * node.factor : gain), 1);
}

/** The values that nodes behind a region read. */
function stillRead({ nodes }: Graph, { name }: Region): ReadonlySet<string> {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const behind = nodes.slice(nodes.findIndex((node) => node.name === name) + 1);
  return new Set(behind.flatMap(inputsOf).map((input) => sourceOf(input, byName)));
}

/** All patches in one tensor. */
function imagesOf(batches: readonly CalibrationBatch[]): tf.Tensor4D {
  const sides = new Set(batches.map(({ patchSize }) => patchSize));
  if (sides.size !== 1) {
    throw new ModelError(
      'postTrain',
      `batches must hold patches of one size, got ${[...sides].join(', ') || 'none'}`,
      'give patches to calibrate on',
    );
  }
  return tf.tidy(() =>
    tf.concat(batches.map(({ lr, batchSize, patchSize: side }) => tf.tensor4d(lr, [batchSize, side, side, 3]))),
  );
}
