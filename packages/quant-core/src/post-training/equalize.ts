/**
 * Cross-layer equalization (Nagel et al., ICCV 2019, section 4.1): `f(s x) = s f(x)` for `s > 0` and ReLU, leaky ReLU or PReLU, so a channel between two layers
 * may be scaled down by the first and up again by the second, and the network stays the same.
 */
import { QuantError } from '../error.js';

/** A convolution or a dense layer: weights `[..., inChannels, outChannels]`. */
export interface Layer {
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  readonly inChannels: number;
  readonly outChannels: number;
}

/**
 * The scale of each channel between two layers: `s_i = sqrt(r1_i * r2_i) / r2_i = sqrt(r1_i / r2_i)`. After `W1 / s` and `W2 * s` both ranges are
 * `sqrt(r1_i * r2_i)`. A channel with a range of 0 on either side stays as it is: 1.
 *
 * @param first ranges of the channels where they are made: of the first layer's outgoing weights, or of the activations
 * @param second ranges of the second layer's weights that read them
 * @throws QuantError when the sizes differ
 *
 * @example
 * equalizationScales(Float32Array.of(8, 1), Float32Array.of(2, 1)); // [2, 1]
 */
export function equalizationScales(first: Float32Array, second: Float32Array): Float32Array {
  if (first.length !== second.length) {
    throw new QuantError(
      'equalizationScales',
      `ranges must be of the same channels, got ${first.length} and ${second.length}`,
      'give layers that follow each other',
    );
  }
  return first.map((range, channel) => {
    const scale = Math.sqrt(range / (second[channel] as number));
    return Number.isFinite(scale) && scale > 0 ? scale : 1;
  });
}

/** `max |w|` over the weights that make each output channel. */
export function outgoingRanges({ weights, outChannels }: Layer): Float32Array {
  return rangesBy(weights, outChannels, (at) => at % outChannels);
}

/** `max |w|` over the weights that read each input channel. */
export function incomingRanges({ weights, inChannels, outChannels }: Layer): Float32Array {
  return rangesBy(weights, inChannels, (at) => Math.floor(at / outChannels) % inChannels);
}

/**
 * Two layers with the channels between them scaled: `W1 / s`, `b1 / s`, `W2 * s`. New arrays; their composition is the same function.
 *
 * Where a pixel shuffle lies between, in `dcr` order, the second layer's channel `c` is made by all channels `c + k * n` of the first: pass the first with `outChannels` =
 * `n`, the channels behind the shuffle. {@link outgoingRanges} takes it so too.
 */
export function rescalePair(first: Layer, second: Layer, scales: Float32Array): readonly [Layer, Layer] {
  const scaleOf = (channel: number) => scales[channel] as number;
  return [
    {
      ...first,
      weights: first.weights.map((weight, at) => weight / scaleOf(at % first.outChannels)),
      bias: first.bias.map((bias, channel) => bias / scaleOf(channel % first.outChannels)),
    },
    {
      ...second,
      weights: second.weights.map(
        (weight, at) => weight * scaleOf(Math.floor(at / second.outChannels) % second.inChannels),
      ),
    },
  ];
}

/**
 * Equalizes a chain of layers, each read by the next alone through ReLU, leaky ReLU, PReLU or nothing: pair by pair, over and over, until no scale is further than
 * 0.1 % from 1, 100 rounds at most.
 *
 * @param layers in order; two or more
 * @returns layers of the same function, and the rounds it took
 * @throws QuantError when neighbours do not fit
 *
 * @example
 * const { layers } = equalizeChain([conv1, conv2]);
 */
export function equalizeChain(layers: readonly Layer[]): {
  readonly layers: readonly Layer[];
  readonly rounds: number;
} {
  const equalized = [...layers];
  for (let rounds = 1; ; rounds++) {
    let farthest = 0;
    for (let i = 0; i + 1 < equalized.length; i++) {
      const [first, second] = [equalized[i] as Layer, equalized[i + 1] as Layer];
      const scales = equalizationScales(outgoingRanges(first), incomingRanges(second));
      for (const scale of scales) farthest = Math.max(farthest, Math.abs(Math.log(scale)));
      [equalized[i], equalized[i + 1]] = rescalePair(first, second, scales);
    }
    if (farthest < 1e-3 || rounds === 100) return { layers: equalized, rounds };
  }
}

function rangesBy(weights: Float32Array, channels: number, channelOf: (at: number) => number): Float32Array {
  const ranges = new Float32Array(channels);
  for (let at = 0; at < weights.length; at++) {
    const channel = channelOf(at);
    ranges[channel] = Math.max(ranges[channel] as number, Math.abs(weights[at] as number));
  }
  return ranges;
}
