/** Calibration without training: observers on a float pass over calibration images. */
import { real } from '@fqsr/quant-core';
import * as tf from '@tensorflow/tfjs';
import { applyCalibration, createObservers, observe } from '../calibrate.js';
import type { Conv2dNode, Graph, QuantizeNode } from '../graph.js';
import { type Params, toTensors } from '../params.js';
import { forward } from '../passes/forward.js';
import { parameters } from '../passes/parameters.js';

/** Low-resolution patches in grey levels, NHWC. */
export interface CalibrationBatch {
  readonly lr: Float32Array;
  readonly batchSize: number;
  /** Side of a patch. */
  readonly patchSize: number;
}

/**
 * Parameters with every quantizer of a graph set: from what its tensors take in float on the batches, and from the weights.
 *
 * @param graph a quantized graph
 * @param params of the float network; those of quantizers are replaced
 * @param calibration name of a calibration
 */
export function calibrateGraph(
  graph: Graph,
  params: Params,
  batches: readonly CalibrationBatch[],
  calibration: string,
): Params {
  const observers = createObservers(graph, calibration);
  const complete = completed(graph, params);
  watch(graph, complete, batches, ({ quantizer }, values) => {
    const own = observers.get(quantizer);
    if (own) observe(own, values);
  });
  return applyCalibration(graph, complete, calibration, observers);
}

/**
 * The greatest magnitude that each input channel of a convolution takes in float, by name of the convolution; behind a pixel shuffle, of the channels behind it.
 *
 * @param graph a quantized graph; convolutions whose input it leaves in float are missing
 */
export function inputRanges(
  graph: Graph,
  params: Params,
  batches: readonly CalibrationBatch[],
): ReadonlyMap<string, Float32Array> {
  const readers = new Map<string, Conv2dNode>(
    graph.nodes.flatMap((node) => (node.op === 'conv2d' ? [[`${node.name}.in`, node] as const] : [])),
  );
  const ranges = new Map<string, Float32Array>();
  watch(graph, completed(graph, params), batches, ({ name }, values) => {
    const conv = readers.get(name);
    if (!conv) return;
    const range = ranges.get(conv.name) ?? new Float32Array(conv.inChannels);
    ranges.set(conv.name, range);
    const largest = tf.max(tf.abs(tf.reshape(values, [-1, values.shape[3] as number])), 0).dataSync();
    for (const [at, value] of largest.entries()) {
      const channel = at % conv.inChannels;
      range[channel] = Math.max(range[channel] as number, value);
    }
  });
  return ranges;
}

/** Parameters of a graph; those of quantizers that are not there are 0. */
function completed(graph: Graph, params: Params): Params {
  const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
  return new Map(parameters(graph).map(({ name, shape }) => [name, params.get(name) ?? new Float32Array(size(shape))]));
}

/** Shows what every quantizer would see in float. */
function watch(
  graph: Graph,
  params: Params,
  batches: readonly CalibrationBatch[],
  onInput: (node: QuantizeNode, values: tf.Tensor4D) => void,
): void {
  for (const { lr, batchSize, patchSize } of batches) {
    tf.tidy(() => {
      const images = tf.tensor4d(lr, [batchSize, patchSize, patchSize, 3]);
      forward(graph, images, {
        params: toTensors(graph, params),
        mode: 'float',
        onInput: (node, input) => onInput(node, real(input)),
      });
    });
  }
}
