/**
 * One grid for all skips of a residual stream. A stream is a chain of adds, each of which reads the sum of the one before: on grids of their own, every add rounds the whole stream again, on one grid it rounds
 * what its block adds alone, for the stream lies on the levels already. Half of the roundings go, and the integers of the stream are copied, not scaled.
 */
import { initQuantizer } from '@fqsr/quant-core';
import * as tf from '@tensorflow/tfjs';
import { type Graph, nodesByName } from '../graph.js';
import { type Params, toTensors } from '../params.js';
import { forward } from '../passes/forward.js';
import { type Quantizable, quantizables } from '../passes/parameters.js';
import type { CalibrationBatch } from './calibrate-graph.js';
import { readGrid } from './read-grid.js';

/** Widths that are tried, in units of the mean step of a stream: what is clipped once stays clipped, so one grid for all wants to be wider than their mean. */
const WIDTHS = [1, 1.1, 1.2, 1.3, 1.45];

/**
 * Gives the skips of each residual stream one grid: the geometric mean of their calibrated steps, channel by channel where they have channels, times the factor with which the quantized network comes nearest to the float
 * one on the batches (least squared error of the output image). Where none comes nearer than grids of their own, these stay.
 *
 * Streams are found by the graph: adds that follow one another, whose skips have equal specs without a zero point.
 *
 * @param graph a quantized graph
 * @param params calibrated
 * @param batches patches in grey levels
 *
 * @example
 * const params = shareStreamGrids(graph, calibrateGraph(graph, float, batches, 'mse'), batches);
 */
export function shareStreamGrids(graph: Graph, params: Params, batches: readonly CalibrationBatch[]): Params {
  const streams = streamsOf(graph);
  if (streams.length === 0) return params;
  const steps = streams.map((stream) => meanSteps(stream, params));
  const cases = batches.map((batch) => ({ batch, target: output(graph, params, batch, 'float') }));
  const errorOf = (candidate: Params) =>
    cases.reduce((sum, { batch, target }) => sum + distance(output(graph, candidate, batch, 'exact'), target), 0);
  const shared = (width: number): Params =>
    new Map([...params, ...streams.flatMap((stream, i) => onOneGrid(stream, steps[i] as Float32Array, width))]);
  let best = { params, error: errorOf(params) };
  for (const width of WIDTHS) {
    const candidate = shared(width);
    const error = errorOf(candidate);
    if (error < best.error) best = { params: candidate, error };
  }
  return best.params;
}

/** The grids of skips of adds that follow one another, stream by stream; a stream has at least two. */
export function streamsOf(graph: Graph): readonly (readonly Quantizable[])[] {
  const byName = nodesByName(graph);
  const byKey = new Map(quantizables(graph).map((grid) => [grid.key, grid]));
  const streams = new Map<string, Quantizable[]>();
  for (const node of graph.nodes) {
    if (node.op !== 'add') continue;
    const skips = node.inputs.flatMap((name) => {
      const skip = byName.get(name);
      return skip?.op === 'quantize' ? [skip] : [];
    });
    const grid = byKey.get(skips[0]?.quantizer ?? '');
    if (!grid || grid.spec.affine || grid.steps === 0) continue;
    const before = skips.map(({ input }) => streams.get(input)).find((stream) => stream !== undefined);
    const continues = before && JSON.stringify(before[0]?.spec) === JSON.stringify(grid.spec);
    const stream = continues ? before : [];
    stream.push(grid);
    streams.set(node.name, stream);
  }
  return [...new Set(streams.values())].filter(({ length }) => length > 1);
}

/** Geometric means. */
function meanSteps(stream: readonly Quantizable[], params: Params): Float32Array {
  const all = stream.map(({ key, spec, channels }) => readGrid(key, spec, params, channels).steps);
  const logs = (i: number) => all.reduce((sum, steps) => sum + Math.log(steps[i] as number), 0) / all.length;
  return Float32Array.from({ length: all[0]?.length ?? 0 }, (_, i) => Math.exp(logs(i)));
}

function onOneGrid(stream: readonly Quantizable[], steps: Float32Array, width: number): [string, Float32Array][] {
  const fit = { steps: steps.map((step) => step * width), zeroPoints: new Float32Array(steps.length) };
  return stream.flatMap(({ key, spec, channels }) =>
    Object.entries(initQuantizer(spec, fit, channels, key)).map(([param, values]): [string, Float32Array] => [
      `${key}.${param}`,
      values,
    ]),
  );
}

/** The output image as samples in 0..255. */
function output(
  graph: Graph,
  params: Params,
  { lr, batchSize, patchSize: side }: CalibrationBatch,
  mode: 'float' | 'exact',
): Float32Array {
  return tf.tidy(() => {
    const images = tf.tensor4d(lr, [batchSize, side, side, 3]);
    const image = forward(graph, images, { params: toTensors(graph, params), mode });
    return tf.clipByValue(image, 0, 255).dataSync() as Float32Array;
  });
}

function distance(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0);
}
