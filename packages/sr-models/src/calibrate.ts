/** From observed ranges to the first steps of all learned grids. */
import {
  calibrationByName,
  type GridFit,
  initQuantizer,
  type Observer,
  type ObserverState,
  quantizerByName,
} from '@fqsr/quant-core';
import type { QuantSpec } from '@fqsr/quant-core/spec';
import type * as tf from '@tensorflow/tfjs';
import { type Conv2dNode, type Graph, nodesByName } from './graph.js';
import type { Params } from './params.js';
import { type Quantizable, quantizables } from './passes/parameters.js';

/** Values of a feature map that its observers look at, evenly spread: enough for a range, cheap for large maps. */
const SAMPLE = 65536;

/** Observers of all activations and skips of a graph, by quantizer: one, or one for each channel. */
export type Observers = ReadonlyMap<string, readonly Observer[]>;

/** States of observers, by quantizer. */
export type ObserverStates = Readonly<Record<string, readonly ObserverState[]>>;

/** Observers for every learned grid that is not a weight's. */
export function createObservers(graph: Graph, calibration: string, saved: ObserverStates = {}): Observers {
  const { create } = calibrationByName(calibration);
  return new Map(
    [...observedGrids(graph)].map(([key, steps]) => {
      return [key, Array.from({ length: steps }, (_, channel) => create(saved[key]?.[channel]))];
    }),
  );
}

/** How many observers each activation and skip has whose grid is learned, by quantizer: one, or one for each channel. */
export function observedGrids(graph: Graph): ReadonlyMap<string, number> {
  const learned = quantizables(graph).filter(
    ({ node, spec }) => node.op === 'quantize' && Object.keys(quantizerByName(spec.quantizer).params).length > 0,
  );
  return new Map(learned.map(({ key, steps }) => [key, steps]));
}

/** States to save. */
export function observerStates(observers: Observers): ObserverStates {
  return Object.fromEntries([...observers].map(([key, all]) => [key, all.map((observer) => observer.state())]));
}

/** Shows a feature map (channels last) to its observers: all of it, or an even sample of about `SAMPLE` values. */
export function observe(observers: readonly Observer[], values: tf.Tensor): void {
  for (const [o, sample] of samplesFor(observers.length, values).entries()) observers[o]?.observe(sample);
}

/** What {@link observe} would show to each of `count` observers. */
export function samplesFor(count: number, values: tf.Tensor): readonly Float32Array[] {
  const all = values.dataSync() as Float32Array;
  const channels = values.shape.at(-1) as number;
  const positions = all.length / channels;
  // An odd stride walks through rows and columns alike.
  const stride = all.length > SAMPLE ? Math.ceil(all.length / SAMPLE) | 1 : 1;
  const picked = Math.ceil(positions / stride);
  const own = channels / count;
  return Array.from({ length: count }, (_, o) => {
    const sample = new Float32Array(picked * own);
    for (let i = 0; i < picked; i++) {
      for (let c = 0; c < own; c++) sample[i * own + c] = all[i * stride * channels + o * own + c] as number;
    }
    return sample;
  });
}

/**
 * Parameters with all quantizers set: activations and skips from what was observed, weights from their own values by the same calibration.
 */
export function applyCalibration(graph: Graph, params: Params, calibration: string, observers: Observers): Params {
  const calibrated = new Map(params);
  const stepsOf = new Map<string, Float32Array>();
  const byName = nodesByName(graph);
  for (const grid of quantizables(graph)) {
    const { key, spec, node, channels } = grid;
    let fit = fitOf(observers.get(key) ?? [], spec);
    if (node.op === 'conv2d') {
      const input = byName.get(node.input);
      const inputSteps = input?.op === 'quantize' ? stepsOf.get(input.quantizer) : undefined;
      fit = weightFit(grid, foldSteps(params.get(key) as Float32Array, node, inputSteps), calibration);
    }
    if (fit.steps.length === 0) continue;
    stepsOf.set(key, fit.steps);
    for (const [param, values] of Object.entries(initQuantizer(spec, fit, channels, key))) {
      calibrated.set(`${key}.${param}`, values);
    }
  }
  return calibrated;
}

function fitOf(observers: readonly Observer[], spec: QuantSpec): GridFit {
  const fits = observers.map((observer) => observer.fit(spec));
  return {
    steps: Float32Array.from(fits, ({ step }) => step),
    zeroPoints: Float32Array.from(fits, ({ zeroPoint }) => zeroPoint),
  };
}

/** Weights (HWIO) as the forward pass quantizes them: times the steps of their input's channels, where there is one for each. */
function foldSteps(
  weights: Float32Array,
  { inChannels, outChannels }: Conv2dNode,
  steps: Float32Array | undefined,
): Float32Array {
  if (!steps || steps.length === 1) return weights;
  return weights.map((weight, i) => weight * (steps[Math.floor(i / outChannels) % inChannels] as number));
}

function weightFit({ spec, steps }: Quantizable, weights: Float32Array, calibration: string): GridFit {
  const observers = Array.from({ length: steps }, (_, channel) => {
    const observer = calibrationByName(calibration).create();
    observer.observe(steps === 1 ? weights : weights.filter((_value, i) => i % steps === channel));
    return observer;
  });
  return fitOf(observers, spec);
}
