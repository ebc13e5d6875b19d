import { count, each, type NameMap, scaleOf, shuffles } from './types.js';

/** MSRResNet of BasicSR: `conv_first`, `body.N.conv1`, `upconv1`, `upconv2` at x4, `conv_hr`, `conv_last`. */
export const basicsrMsrresnet = {
  name: 'basicsr-msrresnet',
  description: 'MSRResNet of BasicSR: conv_first, body.N.conv1, upconv1, conv_hr, conv_last',
  family: 'msrresnet',
  recognises: (shapes) =>
    shapes.has('conv_first.weight') && shapes.has('upconv1.weight') && shapes.has('conv_hr.weight'),
  infer: (shapes) => ({
    scale: scaleOf(shapes, ['upconv1', 'upconv2']),
    blocks: count(shapes, /^body\.(\d+)\.conv1\.weight$/),
    features: shapes.get('conv_first.weight')?.[0] ?? 0,
  }),
  modules: ({ blocks, scale }) => ({
    head: 'conv_first',
    ...each(blocks, (i) => ({ [`body.${i}.conv1`]: `body.${i}.conv1`, [`body.${i}.conv2`]: `body.${i}.conv2` })),
    ...each(shuffles(scale), (i) => ({ [`up.${i}.conv`]: `upconv${i + 1}` })),
    hr: 'conv_hr',
    tail: 'conv_last',
  }),
  ignores: () => false,
  biases: 'required',
  leakySlope: null,
  range: 1,
  mean: [0, 0, 0],
  shifts: null,
} as const satisfies NameMap;
