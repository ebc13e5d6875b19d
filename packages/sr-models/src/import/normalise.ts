/**
 * How a foreign network treats pixels, folded into its first and last convolution, so that ours takes and gives grey levels.
 *
 * The network computes `gainOut * f(gainIn * (x - mean)) + offsetOut` of grey levels `x`. Our input node subtracts an integer `m`, so with weights `gainIn * w` the
 * first convolution misses `-(mean - m)` at every tap: that goes into its bias. Away from the border this is exact. At the border a tap outside the image
 * reads 0 in both networks, but the bias counts it: our network sees a frame of `m` where the foreign one saw a frame of `mean`, up to half a grey
 * level apart. No integer image with a zero border can do better.
 */
import { ModelError } from '../error.js';
import type { Conv2dNode, Graph } from '../graph.js';
import { imageOffset } from '../passes/bilinear.js';

/** The treatment of pixels, in grey levels, one entry for each colour. */
export interface Normalisation {
  readonly gainIn: readonly number[];
  readonly mean: readonly number[];
  readonly gainOut: readonly number[];
  readonly offsetOut: readonly number[];
}

/**
 * Weights and bias of the first convolution.
 *
 * @param weights HWIO
 * @throws ModelError when the mean is not the graph's, rounded
 */
export function foldInput(
  graph: Graph,
  { outChannels, inChannels }: Conv2dNode,
  weights: Float32Array,
  bias: Float32Array,
  { gainIn, mean }: Normalisation,
): { readonly weights: Float32Array; readonly bias: Float32Array } {
  const input = graph.nodes[0];
  const zeroPoint = input?.op === 'input' ? input.zeroPoint : [];
  const rest = mean.map((value, c) => value - (zeroPoint[c] ?? 0));
  if (rest.some((value) => Math.abs(value) > 0.5)) {
    throw new ModelError(
      'importNetwork',
      `mean of the image must be within half a grey level of ${zeroPoint.join(', ')}, which ${graph.name} subtracts, got ${mean.map((value) => value.toFixed(2)).join(', ')}`,
      'give the right range (1 or 255), or import it as another model',
    );
  }
  const scaled = weights.map((w, i) => w * (gainIn[Math.floor(i / outChannels) % inChannels] as number));
  const sums = new Float64Array(outChannels);
  for (let i = 0; i < weights.length; i++) {
    const colour = Math.floor(i / outChannels) % inChannels;
    const o = i % outChannels;
    sums[o] = (sums[o] as number) + (weights[i] as number) * (gainIn[colour] as number) * (rest[colour] as number);
  }
  return { weights: scaled, bias: bias.map((b, o) => b - (sums[o] as number)) };
}

/** Weights and bias of the last convolution, which also adds what a bilinear enlargement leaves out. Channel `o` is colour `o % 3`, also where a `dcr` shuffle follows. */
export function foldOutput(
  graph: Graph,
  { outChannels }: Conv2dNode,
  weights: Float32Array,
  bias: Float32Array,
  { gainOut, offsetOut }: Normalisation,
): { readonly weights: Float32Array; readonly bias: Float32Array } {
  const offset = imageOffset(graph);
  const gain = (o: number) => gainOut[o % gainOut.length] as number;
  return {
    weights: weights.map((w, i) => w * gain(i % outChannels)),
    bias: bias.map((b, o) => b * gain(o) + (offsetOut[o % offsetOut.length] as number) + (offset[o % 3] as number)),
  };
}
