import { count, each, type NameMap, scaleOf, shuffles } from './types.js';

/** SRGAN's generator of leftthomas/SRGAN: `block1` (head), `block2` and on (residual blocks), a block of convolution and norm, a block of upsamplers. */
export const srganLeftthomas = {
  name: 'srgan-leftthomas',
  description:
    'SRGAN generator of leftthomas/SRGAN: block1.0, block2.conv1, ..., block8.0.conv, block8.2; ends in tanh',
  family: 'srresnet',
  recognises: (shapes) => shapes.has('block1.0.weight') && shapes.has('block2.conv1.weight'),
  infer: (shapes) => {
    const blocks = count(shapes, /^block(\d+)\.conv1\.weight$/);
    return {
      scale: scaleOf(shapes, [`block${blocks + 3}.0.conv`, `block${blocks + 3}.1.conv`]),
      blocks,
      features: shapes.get('block1.0.weight')?.[0] ?? 0,
      batchNorm: shapes.has('block2.bn1.weight'),
      output: 'tanh',
    };
  },
  modules: ({ blocks, scale }) => ({
    head: 'block1.0',
    'head.act': 'block1.1',
    ...each(blocks, (i) => ({
      [`body.${i}.conv1`]: `block${i + 2}.conv1`,
      [`body.${i}.bn1`]: `block${i + 2}.bn1`,
      [`body.${i}.act`]: `block${i + 2}.prelu`,
      [`body.${i}.conv2`]: `block${i + 2}.conv2`,
      [`body.${i}.bn2`]: `block${i + 2}.bn2`,
    })),
    'body.conv': `block${blocks + 2}.0`,
    'body.bn': `block${blocks + 2}.1`,
    ...each(shuffles(scale), (i) => ({
      [`up.${i}.conv`]: `block${blocks + 3}.${i}.conv`,
      [`up.${i}.act`]: `block${blocks + 3}.${i}.prelu`,
    })),
    tail: `block${blocks + 3}.${shuffles(scale)}`,
  }),
  ignores: () => false,
  biases: 'required',
  leakySlope: null,
  range: 1,
  mean: [0, 0, 0],
  shifts: null,
} as const satisfies NameMap;
