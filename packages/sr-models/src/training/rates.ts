/** The learning rate of each parameter relative to the optimizer's. */
import type { FlatLayout } from '../flat.js';
import type { Graph } from '../graph.js';

/** Learning rates relative to that of the weights. */
export interface RelativeRates {
  readonly quantizerRate: number;
  readonly biasRate: number;
}

/**
 * `quantizerRate` for quantizers, `biasRate` for biases, `1 / gain` for the weights in front of a tanh, 1 for all others.
 *
 * Features are in grey levels, and so are biases, which add to them. Steps of Adam do not depend on the gradient's size: what one rate for weights and biases does to a network of
 * images in 0..1, a `biasRate` of 255 does here.
 *
 * A tanh takes numbers near 1: weights in front of it are `gain` times as small as elsewhere (see `initParams`). At the common rate the first would drive the tanh into saturation, from where no gradient leads back.
 *
 * @returns one value for each parameter in layout order, or `null` where all are 1
 */
export function relativeRates(
  graph: Graph,
  { parameters, sizes }: FlatLayout,
  { quantizerRate, biasRate }: RelativeRates,
): Float32Array | null {
  const gains = new Map(graph.nodes.flatMap((node) => (node.op === 'tanh' ? [[node.input, node.gain] as const] : [])));
  const rates = parameters.map(({ name, kind }) => {
    if (kind === 'quantizer') return quantizerRate;
    const gain = gains.get(name.slice(0, name.lastIndexOf('.')));
    if (kind === 'bias') return gain ? 1 : biasRate;
    return kind === 'weight' ? 1 / (gain ?? 1) : 1;
  });
  if (rates.every((rate) => rate === 1)) return null;
  return Float32Array.from(rates.flatMap((rate, i) => new Array<number>(sizes[i] as number).fill(rate)));
}

/** 1 where weight decay applies, to convolution weights, and 0 elsewhere. */
export function decayMask({ parameters, sizes }: FlatLayout): Float32Array {
  return Float32Array.from(
    parameters.flatMap(({ kind }, i) => new Array<number>(sizes[i] as number).fill(kind === 'weight' ? 1 : 0)),
  );
}
