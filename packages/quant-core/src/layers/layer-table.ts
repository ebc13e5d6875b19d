/**
 * What each kind of layer of TensorFlow.js does to integers, as a table. Layers that are not in it compute in float.
 */
import type * as tf from '@tensorflow/tfjs';

/** A layer's configuration, as `getConfig` gives it. */
export type LayerConfig = tf.serialization.ConfigDict;

/** What a layer's output has to do with the sign of its inputs. */
export type Sign = 'kept' | 'non-negative' | 'free';

/** What a layer does to integers times a step. */
export interface Handling {
  /** Why integers do not stay integers, or `null` where they do. */
  readonly float: (config: LayerConfig) => string | null;
  /** The sign of its output. */
  readonly sign: (config: LayerConfig) => Sign;
}

const exactly = (): null => null;
const kept = (): Sign => 'kept';
const free = (): Sign => 'free';

/** Moves, selects or drops values, adds zeros, or does nothing in inference. */
const moves: Handling = { float: exactly, sign: kept };
/** Does nothing in inference; what comes out may have any sign, in training at the latest. */
const anySign: Handling = { float: exactly, sign: free };
/** Sums integers; the division belongs to the step. */
const sums: Handling = {
  float: ({ padding }) => (padding === 'same' ? 'averages over fewer values at the border' : null),
  sign: kept,
};
/** Clamps, which rounding to a grid commutes with. */
const clamps: Handling = { float: exactly, sign: () => 'non-negative' };

/** Activations that integers survive: clamps. */
const exactActivations = ['linear', 'relu', 'relu6'];
const nonNegativeActivations = ['relu', 'relu6', 'sigmoid', 'hardSigmoid', 'softmax', 'softplus'];

/** The activation of a layer's configuration. */
function activationIn(config: LayerConfig): string {
  const { activation } = config;
  return typeof activation === 'string' ? activation : 'linear';
}

/** What is behind the sums of a layer. */
const activated: Handling = {
  float: (config) => {
    const activation = activationIn(config);
    return exactActivations.includes(activation) ? null : `activation ${activation} computes in float`;
  },
  sign: (config) => {
    const activation = activationIn(config);
    if (nonNegativeActivations.includes(activation)) return 'non-negative';
    return config['kernelSize'] || config['units'] ? 'free' : 'kept';
  },
};

const table: Readonly<Record<string, Handling>> = {
  InputLayer: anySign,
  Flatten: moves,
  Reshape: moves,
  Permute: moves,
  RepeatVector: moves,
  ZeroPadding2D: moves,
  Cropping2D: moves,
  Concatenate: moves,
  MaxPooling1D: moves,
  MaxPooling2D: moves,
  MaxPooling3D: moves,
  GlobalMaxPooling1D: moves,
  GlobalMaxPooling2D: moves,
  Dropout: moves,
  SpatialDropout1D: moves,
  GaussianDropout: anySign,
  GaussianNoise: anySign,
  AlphaDropout: anySign,
  UpSampling2D: {
    float: ({ interpolation }) => (interpolation === 'bilinear' ? 'interpolates' : null),
    sign: kept,
  },
  AveragePooling1D: sums,
  AveragePooling2D: sums,
  AveragePooling3D: sums,
  GlobalAveragePooling1D: sums,
  GlobalAveragePooling2D: sums,
  ReLU: clamps,
  Activation: activated,
};

/** Layers that have a quantized twin. */
const twins: Readonly<Record<string, string>> = {
  Conv2D: 'QuantConv2D',
  DepthwiseConv2D: 'QuantDepthwiseConv2D',
  Dense: 'QuantDense',
  Add: 'QuantAdd',
};

/** The quantized twin of a kind of layer, or `null`. */
export function twinOf(className: string): string | null {
  return Object.hasOwn(twins, className) ? (twins[className] as string) : null;
}

/** Why a layer that has a quantized twin cannot become one, or `null` where it can. */
export function twinRefusal(className: string, config: LayerConfig): string | null {
  if (config['dataFormat'] === 'channelsFirst') return 'its images have their channels first';
  const dilation = config['dilationRate'];
  const dilates = Array.isArray(dilation) && dilation.some((rate) => Number(rate) > 1);
  if (className === 'DepthwiseConv2D' && dilates) return 'it has a dilationRate, which TensorFlow.js ignores';
  return null;
}

/** What a layer does; its own arithmetic left aside where it has a quantized twin. */
export function handlingOf(className: string): Handling {
  const twin = twinOf(className) !== null || Object.values(twins).includes(className) || className === 'Quantize';
  if (twin) return activated;
  if (Object.hasOwn(table, className)) return table[className] as Handling;
  return {
    float: () => `${className} computes in float`,
    sign: () => (className === 'Softmax' ? 'non-negative' : 'free'),
  };
}
