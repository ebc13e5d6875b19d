/**
 * VGG19 (Simonyan and Zisserman, ICLR 2015) as a feature extractor, with weights that the user gives: the file that torchvision's `vgg19` saves, as safetensors.
 * This package holds none.
 */
import { readSafetensors, type SafeTensor } from '@fqsr/runtime/format';
import * as tf from '@tensorflow/tfjs';
import { ModelError } from '../error.js';
import type { Weights } from '../weights.js';
import type { FeatureExtractor, FeatureMap } from './types.js';

/** Convolutions in each block between poolings, and their channels. */
const BLOCKS = [
  [2, 64],
  [2, 128],
  [4, 256],
  [4, 512],
  [4, 512],
] as const;

/** ImageNet's RGB mean and deviation, of images in 0..1. */
const MEAN = [0.485, 0.456, 0.406] as const;
const DEVIATION = [0.229, 0.224, 0.225] as const;

interface Convolution {
  /** `conv5_4`. */
  readonly name: string;
  /** torchvision's: `features.34`. */
  readonly key: string;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Whether a 2x2 max pooling stands in front of it. */
  readonly pooled: boolean;
}

/** All sixteen convolutions in order, with torchvision's indices, which count ReLUs and poolings too. */
const convolutions: readonly Convolution[] = BLOCKS.flatMap(([count, outChannels], block) => {
  const before = BLOCKS.slice(0, block).reduce((sum, [convs]) => sum + 2 * convs + 1, 0);
  return Array.from({ length: count }, (_, i) => ({
    name: `conv${block + 1}_${i + 1}`,
    key: `features.${before + 2 * i}`,
    inChannels: i > 0 ? outChannels : block === 0 ? 3 : (BLOCKS[block - 1]?.[1] as number),
    outChannels,
    pooled: i === 0 && block > 0,
  }));
});

/** SRGAN's and ESRGAN's: the last convolution, before its ReLU. */
export const vggLayersDefault: Weights = { conv5_4: 1 };

/**
 * A feature extractor from VGG19's weights. Images are mapped to 0..1 and normalised by ImageNet's mean and deviation.
 *
 * @param bytes safetensors in float32 with torchvision's names: `features.0.weight` of shape 64x3x3x3 (OIHW), `features.0.bias`, ... Tensors that the layers do not need
 *   (the classifier, deeper convolutions) are ignored
 * @param layers weights of `conv<block>_<i>`, before the ReLU, or `relu<block>_<i>`, after it
 * @returns an extractor that owns its weights on the device: dispose it
 * @throws ModelError naming an unknown layer, and the tensors that are missing, misshapen, of another type or not finite
 *
 * @example
 * const features = vgg19(await readFile('vgg19.safetensors'), { conv5_4: 1 });
 * new Trainer(graph, state, { ...trainerDefaults, loss: { l1: 0.01, perceptual: 1 } }, { features });
 */
export function vgg19(bytes: Uint8Array, layers: Weights = vggLayersDefault): FeatureExtractor {
  const needed = convolutions.slice(0, depthOf(layers));
  const { tensors } = readSafetensors(bytes);
  const missing = needed.flatMap(({ key }) => [`${key}.weight`, `${key}.bias`]).filter((name) => !tensors.has(name));
  if (missing.length > 0) {
    const listed =
      missing.length > 4 ? `${missing.slice(0, 4).join(', ')} and ${missing.length - 4} more` : missing.join(', ');
    throw new ModelError(
      'vgg19',
      `file must have all tensors, missing ${listed}`,
      "save torchvision's vgg19 as safetensors",
    );
  }
  for (const { key, inChannels, outChannels } of needed) {
    demand(`${key}.weight`, tensors.get(`${key}.weight`) as SafeTensor, [outChannels, inChannels, 3, 3]);
    demand(`${key}.bias`, tensors.get(`${key}.bias`) as SafeTensor, [outChannels]);
  }
  const params = needed.map(({ key }) => ({
    weight: tf.tidy(() => {
      const { data, shape } = tensors.get(`${key}.weight`) as SafeTensor;
      return tf.transpose(tf.tensor4d(data as Float32Array, shape as [number, number, number, number]), [2, 3, 1, 0]);
    }),
    bias: tf.tensor1d((tensors.get(`${key}.bias`) as SafeTensor).data as Float32Array),
  }));
  return {
    of: (images) => {
      const found = new Map<string, tf.Tensor4D>();
      let x: tf.Tensor4D = tf.div(tf.sub(tf.div(images, 255), tf.tensor1d([...MEAN])), tf.tensor1d([...DEVIATION]));
      for (const [i, { name, pooled }] of needed.entries()) {
        const { weight, bias } = params[i] as (typeof params)[number];
        if (pooled) x = tf.maxPool(x, 2, 2, 'valid');
        const sum: tf.Tensor4D = tf.add(tf.conv2d(x, weight, 1, 'same'), bias);
        x = tf.relu(sum);
        found.set(name, sum).set(name.replace('conv', 'relu'), x);
      }
      return Object.entries(layers).map(([layer, weight]): FeatureMap => {
        return { layer, weight, value: found.get(layer) as tf.Tensor4D };
      });
    },
    dispose: () => tf.dispose(params),
  };
}

/** How many convolutions the layers need. @throws ModelError for an unknown layer, a bad weight, or none */
function depthOf(layers: Weights): number {
  const depths = Object.entries(layers).map(([layer, weight]) => {
    const at = convolutions.findIndex(({ name }) => name === layer.replace('relu', 'conv'));
    if (at < 0 || !Number.isFinite(weight) || weight <= 0) {
      throw new ModelError(
        'vgg19',
        `layers must be conv1_1 up to conv5_4 or relu1_1 up to relu5_4 with positive weights, got ${layer}: ${weight}`,
        'for example { conv5_4: 1 }',
      );
    }
    return at + 1;
  });
  if (depths.length > 0) return Math.max(...depths);
  throw new ModelError('vgg19', 'layers must name a layer, got none', 'for example { conv5_4: 1 }');
}

function demand(name: string, { dtype, shape, data }: SafeTensor, wanted: readonly number[]): void {
  const problem =
    dtype !== 'F32'
      ? `be a float32 tensor, got ${dtype}`
      : shape.join('x') !== wanted.join('x')
        ? `have shape ${wanted.join('x')}, got ${shape.join('x')}`
        : data.every(Number.isFinite)
          ? null
          : 'be finite, got NaN or infinity';
  if (problem) throw new ModelError('vgg19', `${name} must ${problem}`, "save torchvision's vgg19 as safetensors");
}
