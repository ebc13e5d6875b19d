/** Sums over a convolution's weights, of which there are millions: small loops, which hosts compile soonest when a program has just started. */

/**
 * `|bias| + sum |w| * reach` of each output channel: no sum of some of its terms exceeds it.
 *
 * @param weight OHWI
 * @param bias one for each output channel
 * @param reach largest magnitude of the values of each input channel
 */
export function sumWeights(weight: Int8Array | Int16Array, bias: Int32Array, reach: readonly number[]): Float64Array {
  const size = weight.length / bias.length;
  const [first = 0] = reach;
  // But for the channels of an image, all have one reach.
  const isUniform = reach.every((each) => each === first);
  return Float64Array.from(bias, (constant, o) => {
    const [from, to] = [o * size, (o + 1) * size];
    return Math.abs(constant) + (isUniform ? first * sumRun(weight, from, to) : sumProducts(weight, from, to, reach));
  });
}

function sumRun(weight: Int8Array | Int16Array, from: number, to: number): number {
  let sum = 0;
  for (let k = from; k < to; k++) sum += Math.abs(weight[k] as number);
  return sum;
}

function sumProducts(weight: Int8Array | Int16Array, from: number, to: number, reach: readonly number[]): number {
  let sum = 0;
  for (let k = from; k < to; k++) sum += Math.abs(weight[k] as number) * (reach[(k - from) % reach.length] as number);
  return sum;
}
