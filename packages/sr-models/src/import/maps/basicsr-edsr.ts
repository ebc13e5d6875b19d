import { count, div2kMean, each, type NameMap, scaleOf, shuffles } from './types.js';

/** EDSR of BasicSR: `conv_first`, `body.N.conv1`, `conv_after_body`, `upsample.0`, `conv_last`. The mean is no tensor of the file. */
export const basicsrEdsr = {
  name: 'basicsr-edsr',
  description: 'EDSR of BasicSR: conv_first, body.N.conv1, conv_after_body, upsample.0, conv_last (img_range 255)',
  family: 'edsr',
  recognises: (shapes) =>
    shapes.has('conv_first.weight') && shapes.has('conv_after_body.weight') && shapes.has('upsample.0.weight'),
  infer: (shapes) => ({
    scale: scaleOf(shapes, ['upsample.0', 'upsample.2']),
    blocks: count(shapes, /^body\.(\d+)\.conv1\.weight$/),
    features: shapes.get('conv_first.weight')?.[0] ?? 0,
    upsampler: 'shuffle',
  }),
  modules: ({ blocks, scale }) => ({
    head: 'conv_first',
    ...each(blocks, (i) => ({ [`body.${i}.conv1`]: `body.${i}.conv1`, [`body.${i}.conv2`]: `body.${i}.conv2` })),
    'body.conv': 'conv_after_body',
    ...each(shuffles(scale), (i) => ({ [`up.${i}.conv`]: `upsample.${2 * i}` })),
    tail: 'conv_last',
  }),
  ignores: () => false,
  biases: 'required',
  leakySlope: null,
  range: 255,
  mean: div2kMean,
  shifts: null,
} as const satisfies NameMap;
