/** The learning rate of each parameter relative to the optimizer's. */
import type { FlatLayout } from '../flat.js';
import type { Graph } from '../graph.js';

/**
 * `quantizerRate` for quantizers, `1 / gain` for the weights in front of a tanh, 1 for all others.
 *
 * Features are in grey levels, but a tanh takes numbers near 1: weights in front of it are `gain` times as small as elsewhere (see `initParams`). Steps of Adam do not depend
 * on the gradient's size, so at the common rate the first would drive the tanh into saturation, from where no gradient leads back.
 *
 * @returns one value for each parameter in layout order, or `null` where all are 1
 */
export function relativeRates(
  graph: Graph,
  { parameters, sizes }: FlatLayout,
  quantizerRate: number,
): Float32Array | null {
  const gains = new Map(graph.nodes.flatMap((node) => (node.op === 'tanh' ? [[node.input, node.gain] as const] : [])));
  const rates = parameters.map(({ name, kind }) => {
    if (kind === 'quantizer') return quantizerRate;
    if (kind !== 'weight') return 1;
    return 1 / (gains.get(name.slice(0, name.lastIndexOf('.'))) ?? 1);
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
