/**
 * Bias correction (Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019, section 4.2): rounding shifts the mean of a
 * layer's outputs, and the bias takes the shift back.
 */
import * as tf from '@tensorflow/tfjs';
import { QuantError } from '../error.js';

/** A running mean of the error of each channel. */
export interface BiasCorrection {
  /**
   * Takes in one more batch of outputs, channels last, before any activation function.
   *
   * @param expected of the float layer
   * @param actual of the quantized layer, same shape
   * @throws QuantError when the shapes differ
   */
  readonly observe: (expected: tf.Tensor, actual: tf.Tensor) => void;
  /** What to add to the bias: `mean(expected - actual)` of each channel, over everything observed; zeros before. */
  readonly result: () => Float32Array;
}

/**
 * The empirical form: the mean difference between the float layer's outputs and the quantized layer's, on calibration data. Sums are float64 over batches.
 *
 * Correct layers in the order of the network, each with the corrected ones before it in place.
 *
 * @example
 * const correction = biasCorrection(1);
 * correction.observe(tf.tensor2d([[1], [3]]), tf.tensor2d([[0.5], [3]]));
 * correction.result(); // [0.25]
 */
export function biasCorrection(channels: number): BiasCorrection {
  const sums = new Float64Array(channels);
  let count = 0;
  return {
    observe: (expected, actual) => {
      const shapes = [expected.shape.join('x'), actual.shape.join('x')];
      if (shapes[0] !== shapes[1] || expected.shape.at(-1) !== channels) {
        throw new QuantError(
          'biasCorrection',
          `outputs must be two of one shape with ${channels} channels, got ${shapes.join(' and ')}`,
          'compare the same layer',
        );
      }
      const positions = expected.size / channels;
      if (positions === 0) return;
      const means = tf.tidy(() => tf.mean(tf.reshape(tf.sub(expected, actual), [positions, channels]), 0));
      for (const [channel, mean] of means.dataSync().entries()) {
        sums[channel] = (sums[channel] as number) + mean * positions;
      }
      means.dispose();
      count += positions;
    },
    result: () => Float32Array.from(sums, (sum) => (count > 0 ? sum / count : 0)),
  };
}

/** The weights of a convolution or a dense layer before and after quantization: `[..., inChannels, outChannels]`, real values. */
export interface WeightPair {
  readonly weights: Float32Array;
  readonly quantized: Float32Array;
  readonly inChannels: number;
  readonly outChannels: number;
}

/**
 * The analytic form, from the inputs' means alone: `db[o] = -sum over i of E[x_i] * sum over taps of (w~ - w)[tap, i, o]`. Exact where no
 * border pads, when the activations are not quantized.
 *
 * @param inputMeans `E[x_i]` of each input channel, measured, or from {@link rectifiedNormalMean}
 * @returns what to add to the bias
 * @throws QuantError when the sizes do not fit
 */
export function expectedBiasCorrection(
  { weights, quantized, inChannels, outChannels }: WeightPair,
  inputMeans: Float32Array,
): Float32Array {
  const fits = inputMeans.length === inChannels && weights.length % (inChannels * outChannels) === 0;
  if (!fits || weights.length !== quantized.length) {
    throw new QuantError(
      'expectedBiasCorrection',
      `weights must be two arrays of taps x ${inChannels} x ${outChannels}, with ${inChannels} means, got ${weights.length}, ${quantized.length} and ${inputMeans.length}`,
      'use the layer before and after quantization',
    );
  }
  const correction = new Float64Array(outChannels);
  for (let at = 0; at < weights.length; at++) {
    const [input, output] = [Math.floor(at / outChannels) % inChannels, at % outChannels];
    const error = (quantized[at] as number) - (weights[at] as number);
    correction[output] = (correction[output] as number) - error * (inputMeans[input] as number);
  }
  return Float32Array.from(correction);
}

/**
 * `E[max(x, 0)]` of a normal `x` (the clipped normal of the paper's appendix, clipped below at 0): `deviation * phi(t) + mean * Phi(t)`, `t = mean / deviation`. With a batch norm in front
 * of the ReLU, mean and deviation are its beta and |gamma|.
 *
 * @param deviation standard deviation, >= 0
 *
 * @example
 * rectifiedNormalMean(0, 1); // 0.3989
 */
export function rectifiedNormalMean(mean: number, deviation: number): number {
  if (deviation === 0) return Math.max(0, mean);
  const t = mean / deviation;
  return deviation * (Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI)) + mean * normalCdf(t);
}

/** `Phi(t)`, to 7.5e-8 (Abramowitz and Stegun, 26.2.17). */
function normalCdf(t: number): number {
  const k = 1 / (1 + 0.2316419 * Math.abs(t));
  const poly = k * (0.31938153 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))));
  const tail = (Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI)) * poly;
  return t >= 0 ? 1 - tail : tail;
}
