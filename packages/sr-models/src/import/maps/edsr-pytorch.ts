import { count, div2kMean, each, type NameMap, scaleOf, shuffles } from './types.js';

/** EDSR-PyTorch (sanghyun-son), and programs made of it: `head.0`, `body.N.body.0`, `tail.0.0`; FQSR's float networks too. */
export const edsrPytorch = {
  name: 'edsr-pytorch',
  description: 'EDSR of EDSR-PyTorch: head.0, body.N.body.0, tail.0.0, with sub_mean and add_mean or without',
  family: 'edsr',
  recognises: (shapes) => shapes.has('head.0.weight') && shapes.has('body.0.body.0.weight'),
  infer: (shapes) => ({
    scale: scaleOf(shapes, ['tail.0.0', 'tail.0.2']),
    blocks: count(shapes, /^body\.(\d+)\.body\.0\.weight$/),
    features: shapes.get('head.0.weight')?.[0] ?? 0,
    upsampler: 'shuffle',
  }),
  modules: ({ blocks, scale }) => ({
    head: 'head.0',
    ...each(blocks, (i) => ({ [`body.${i}.conv1`]: `body.${i}.body.0`, [`body.${i}.conv2`]: `body.${i}.body.2` })),
    'body.conv': `body.${blocks}`,
    ...each(shuffles(scale), (i) => ({ [`up.${i}.conv`]: `tail.0.${2 * i}` })),
    tail: 'tail.1',
  }),
  ignores: () => false,
  biases: 'required',
  leakySlope: null,
  range: 255,
  mean: div2kMean,
  shifts: { input: 'sub_mean', output: 'add_mean' },
} as const satisfies NameMap;
