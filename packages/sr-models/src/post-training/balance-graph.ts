/** The basis of least quantization noise for the feature maps of a float graph. */
import { balancingTransform, real } from '@fqsr/quant-core';
import * as tf from '@tensorflow/tfjs';
import { type Conv2dNode, type Graph, nodesByName } from '../graph.js';
import { type Params, toTensors } from '../params.js';
import { forward } from '../passes/forward.js';
import type { CalibrationBatch } from './calibrate-graph.js';
import { type ChannelSpace, channelSpaces, seedOf, transformGraph } from './transform-graph.js';

/**
 * Parameters of the same float function, with the channels of every {@link ChannelSpace} in the basis that `balancingTransform` finds from what its readers see on the batches and from their
 * weights. Readers of one space count alike: each by its noise relative to its own signal.
 *
 * @param graph a float graph
 * @param seed of the rotations within
 * @param weightOf how much the noise of a reader counts, by its name: that of EDSR's upsampler goes straight to the image, those of residual branches hardly
 */
export function balanceGraph(
  graph: Graph,
  params: Params,
  batches: readonly CalibrationBatch[],
  seed: number,
  weightOf: (reader: string) => number = () => 1,
): Params {
  const moments = momentsOf(graph, params, batches);
  return transformGraph(graph, params, (space, index) =>
    balancingTransform(space.channels, shared(space, params, moments, weightOf), seedOf(seed, index)),
  );
}

/** The matrices of a space's readers together. */
function shared(
  { readers, channels: n }: ChannelSpace,
  params: Params,
  moments: ReadonlyMap<string, Float64Array>,
  weightOf: (reader: string) => number,
): { readonly moments: Float64Array; readonly gram: Float64Array } {
  const sums = { moments: new Float64Array(n * n), gram: new Float64Array(n * n) };
  for (const reader of readers) {
    const own = moments.get(reader.name) as Float64Array;
    const gram = gramOf(reader, params.get(`${reader.name}.weight`) as Float32Array, n);
    let [signal, output] = [0, 0];
    for (let i = 0; i < n; i++) signal += own[i * n + i] as number;
    for (const [at, value] of own.entries()) output += value * (gram[at] as number);
    if (signal === 0 || output === 0) continue;
    const weight = weightOf(reader.name);
    for (const [at, value] of own.entries()) {
      sums.moments[at] = (sums.moments[at] as number) + (weight * value) / signal;
      sums.gram[at] = (sums.gram[at] as number) + (weight * (gram[at] as number)) / output;
    }
  }
  return sums;
}

/** Sums over taps, outputs and subpixels of the products of weights that read two channels. */
export function gramOf({ outChannels }: Conv2dNode, weights: Float32Array, n: number): Float64Array {
  const gram = new Float64Array(n * n);
  const rows = weights.length / outChannels;
  for (let first = 0; first < rows; first += n) {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = 0;
        const [a, b] = [(first + i) * outChannels, (first + j) * outChannels];
        for (let o = 0; o < outChannels; o++) sum += (weights[a + o] as number) * (weights[b + o] as number);
        gram[i * n + j] = (gram[i * n + j] as number) + sum;
        if (i !== j) gram[j * n + i] = gram[i * n + j] as number;
      }
    }
  }
  return gram;
}

/** `E[x x^T]` of what each reader of a space sees, by its name; behind a `dcr` shuffle of narrower channels, over their subpixels. */
function momentsOf(
  graph: Graph,
  params: Params,
  batches: readonly CalibrationBatch[],
): ReadonlyMap<string, Float64Array> {
  const byName = nodesByName(graph);
  const watched = new Map<string, { readonly n: number; readonly readers: Conv2dNode[] }>();
  for (const { readers, channels: n } of channelSpaces(graph)) {
    for (const reader of readers) {
      const own = watched.get(reader.input) ?? { n, readers: [] };
      own.readers.push(reader);
      watched.set(reader.input, own);
    }
  }
  const moments = new Map<string, Float64Array>();
  for (const { lr, batchSize, patchSize } of batches) {
    tf.tidy(() => {
      const images = tf.tensor4d(lr, [batchSize, patchSize, patchSize, 3]);
      const onNode = ({ name }: { readonly name: string }, output: Parameters<typeof real>[0]) => {
        const space = watched.get(name);
        if (!space || !byName.has(name)) return;
        const rows = tf.reshape(real(output), [-1, space.n]) as tf.Tensor2D;
        const own = tf.div(tf.matMul(rows, rows, true, false), (rows.shape[0] as number) * batches.length).dataSync();
        for (const { name: reader } of space.readers) {
          const sum = moments.get(reader) ?? new Float64Array(own.length);
          moments.set(
            reader,
            sum.map((value, at) => value + (own[at] as number)),
          );
        }
      };
      forward(graph, images, { params: toTensors(graph, params), mode: 'float', onNode });
    });
  }
  return moments;
}
