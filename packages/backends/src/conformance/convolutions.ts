import * as tf from '@tensorflow/tfjs';
import { type ConformanceCase, type Expected, numbers } from './case.js';
import { type ConvCase, convReference, type Reference } from './conv-reference.js';

const base: ConvCase = {
  ...{ batch: 2, height: 7, width: 9, inChannels: 5, outChannels: 7 },
  ...{ kernel: 3, stride: 1, pad: 'same' },
};

/** What the networks use: 3x3 and 9x9 at stride 1, 3x3 at stride 2, 1x1, heads and tails of 3 channels, odd sizes, and no padding. */
const cases: readonly ConvCase[] = [
  base,
  { ...base, batch: 1, height: 1, width: 1 },
  { ...base, batch: 3, height: 1, width: 6 },
  { ...base, inChannels: 3, outChannels: 8 },
  { ...base, inChannels: 8, outChannels: 3 },
  { ...base, inChannels: 8, outChannels: 12 },
  { ...base, inChannels: 16, outChannels: 16 },
  { ...base, batch: 1, height: 9, width: 11, inChannels: 32, outChannels: 17 },
  { ...base, batch: 1, height: 24, width: 25, inChannels: 16, outChannels: 16 },
  { ...base, height: 8, width: 8, inChannels: 4, outChannels: 8, stride: 2 },
  { ...base, stride: 2 },
  { ...base, stride: 2, pad: 'valid' },
  { ...base, pad: 'valid' },
  { ...base, kernel: 1 },
  { ...base, kernel: 1, inChannels: 8, outChannels: 4 },
  { ...base, kernel: 5 },
  { ...base, batch: 1, kernel: 9, height: 10, inChannels: 3, outChannels: 4 },
  { ...base, batch: 1, kernel: 9, height: 10, inChannels: 4, outChannels: 3 },
];

/** In units of the sum of absolute terms. */
const BOUND = 2e-6;

const label = (c: ConvCase): string =>
  `${c.batch}x${c.height}x${c.width}, ${c.inChannels} to ${c.outChannels}, ${c.kernel}x${c.kernel}, stride ${c.stride}, ${c.pad}`;

function casesOf(c: ConvCase): readonly ConformanceCase[] {
  const xShape: [number, number, number, number] = [c.batch, c.height, c.width, c.inChannels];
  const filterShape: [number, number, number, number] = [c.kernel, c.kernel, c.inChannels, c.outChannels];
  const outShape = tf.backend_util.computeConv2DInfo(xShape, filterShape, c.stride, 1, c.pad).outShape;
  const [x, filter, dy] = [numbers(xShape, 1), numbers(filterShape, 2), numbers(outShape, 3)];
  const conv = (input: tf.Tensor, weights: tf.Tensor): tf.Tensor =>
    tf.conv2d(input as tf.Tensor4D, weights as tf.Tensor4D, c.stride, c.pad);
  const tensors = (): [tf.Tensor, tf.Tensor] => [tf.tensor(x, xShape), tf.tensor(filter, filterShape)];
  const grads = () => tf.grads(conv)(tensors(), tf.tensor(dy, outShape)) as [tf.Tensor, tf.Tensor];
  const make = (
    op: string,
    shape: readonly number[],
    run: () => tf.Tensor,
    pick: (all: ReturnType<typeof convReference>) => Reference,
  ): ConformanceCase => ({
    ...{ op, title: label(c), bound: BOUND, run },
    expected: (): Expected => ({ shape, ...pick(convReference(c, x, filter, dy)) }),
  });
  return [
    make(
      'conv2d',
      outShape,
      () => conv(...tensors()),
      ({ forOutput }) => forOutput,
    ),
    make(
      'gradient of conv2d, input',
      xShape,
      () => grads()[0],
      ({ forInput }) => forInput,
    ),
    make(
      'gradient of conv2d, filter',
      filterShape,
      () => grads()[1],
      ({ forFilter }) => forFilter,
    ),
  ];
}

export const convolutionCases: readonly ConformanceCase[] = cases.flatMap(casesOf);
