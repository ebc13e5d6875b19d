/** Second moments of the image around a pixel and of the stream there. */
import { real } from '@fqsr/quant-core';
import * as tf from '@tensorflow/tfjs';
import type { Graph, GraphNode } from '../graph.js';
import { type Params, toTensors } from '../params.js';
import { forward } from '../passes/forward.js';
import type { CalibrationBatch } from './calibrate-graph.js';
import { stream } from './linear-end.js';
import { transposed } from './matrix.js';

/** Means over all positions of the patches that are not too near to the border; the image minus its mean. */
export interface ImageMoments {
  /** Pixels around the middle, on each side. */
  readonly reach: number;
  /** Channels of the stream. */
  readonly channels: number;
  /** `E[x x^T]`, `x` of `[2 reach + 1, 2 reach + 1, 3]` values. */
  readonly image: Float64Array;
  /** `E[s s^T]`. */
  readonly stream: Float64Array;
  /** `E[x s^T]`: `[(2 reach + 1)^2 * 3, channels]`. */
  readonly both: Float64Array;
}

/** The moments over batches of patches, each at least `2 reach + 1` pixels a side. */
export function imageMoments(
  graph: Graph,
  params: Params,
  batches: readonly CalibrationBatch[],
  reach: number,
): ImageMoments {
  const tensors = toTensors(graph, params);
  let sums: readonly Float64Array[] = [];
  let channels = 0;
  for (const batch of batches) {
    const own: Float64Array[] = [];
    tf.tidy(() => {
      const { x, s } = samples(graph, tensors, batch, reach);
      channels = s.shape[1];
      const mean = (a: tf.Tensor2D, b: tf.Tensor2D) => tf.div(tf.matMul(a, b, true), a.shape[0] * batches.length);
      for (const moments of [mean(x, x), mean(s, s), mean(s, x)]) own.push(Float64Array.from(moments.dataSync()));
    });
    sums = own.map((values, at) => values.map((value, i) => value + (sums[at]?.[i] ?? 0)));
  }
  tf.dispose([...tensors.values()]);
  const [image, own, both] = sums as [Float64Array, Float64Array, Float64Array];
  return { reach, channels, image, stream: own, both: transposed(both, channels, both.length / channels) };
}

/** Rows of the image around each position, and of the stream there. */
function samples(
  graph: Graph,
  params: ReturnType<typeof toTensors>,
  { lr, batchSize, patchSize }: CalibrationBatch,
  reach: number,
): { readonly x: tf.Tensor2D; readonly s: tf.Tensor2D } {
  const images = tf.tensor4d(lr, [batchSize, patchSize, patchSize, 3]);
  const seen = new Map<string, tf.Tensor4D>();
  const onNode = ({ op, name }: GraphNode, output: Parameters<typeof real>[0]) => {
    if (op === 'input' || name === stream) seen.set(op === 'input' ? 'image' : name, real(output) as tf.Tensor4D);
  };
  forward(graph, images, { params, mode: 'float', onNode });
  const inner = patchSize - 2 * reach;
  const cut = (name: string, dy: number, dx: number): tf.Tensor4D => {
    const whole = seen.get(name) as tf.Tensor4D;
    return tf.slice(whole, [0, reach + dy, reach + dx, 0], [batchSize, inner, inner, whole.shape[3]]);
  };
  const offsets = Array.from({ length: 2 * reach + 1 }, (_, at) => at - reach);
  const around = tf.concat(
    offsets.flatMap((dy) => offsets.map((dx) => cut('image', dy, dx))),
    3,
  );
  const rows = (map: tf.Tensor4D): tf.Tensor2D => tf.reshape(map, [-1, map.shape[3]]);
  return { x: rows(around), s: rows(cut(stream, 0, 0)) };
}
