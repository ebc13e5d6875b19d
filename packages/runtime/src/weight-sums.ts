/** What validation asks of a convolution's weights, in one pass: there are millions, and a program that has just started runs it slowly. */

/** What the weights of a convolution come to. */
export interface WeightSums {
  /** The bits that some weight `w >= 0`, or `~w` of a weight below 0, has set: all weights are from `-2^n` to `2^n - 1` if it is below `2^n`. */
  readonly bits: number;
  readonly hasEven: boolean;
  /** `|bias| + sum |w| * reach` of each output channel: no sum of some of its terms exceeds it. */
  readonly bounds: Float64Array;
}

/**
 * Sums the weights of each output channel.
 *
 * @param weight OHWI
 * @param bias one for each output channel
 * @param reach largest magnitude of the values of each input channel
 */
export function sumWeights(weight: Int8Array | Int16Array, bias: Int32Array, reach: readonly number[]): WeightSums {
  const bounds = new Float64Array(bias.length);
  const size = weight.length / bias.length;
  const [first = 0] = reach;
  // But for the channels of an image, all have one reach.
  const factors = reach.every((each) => each === first) ? null : reach;
  let bits = 0;
  let lowBit = 1;
  for (let o = 0; o < bias.length; o++) {
    let sum = 0;
    for (let k = 0; k < size; k++) {
      const level = weight[o * size + k] as number;
      const sign = level >> 31;
      const code = level ^ sign;
      bits |= code;
      lowBit &= level;
      sum += factors === null ? code - sign : (code - sign) * (factors[k % factors.length] as number);
    }
    bounds[o] = Math.abs(bias[o] as number) + (factors === null ? sum * first : sum);
  }
  return { bits, hasEven: lowBit === 0, bounds };
}
