import { count, each, type NameMap, scaleOf, shuffles } from './types.js';

/**
 * SRResNet of pytorch-SRResNet (twtygqyy) and of programs made of it, FQSR's among them: `conv_input`, `residual.N.conv1`, `bn1` or `in1` where there is
 * normalisation, `upscale4x.0`, and PReLUs `relu` or, where there are none, leaky ReLUs of slope 0.2.
 */
export const srresnetPytorch = {
  name: 'srresnet',
  description:
    'SRResNet or SRGAN generator of pytorch-SRResNet: conv_input, residual.N.conv1, upscale4x.0, conv_output',
  family: 'srresnet',
  recognises: (shapes) => shapes.has('conv_input.weight') && shapes.has('residual.0.conv1.weight'),
  infer: (shapes, metadata) => ({
    // FQSR's networks hold both upsamplers; the metadata or the caller says which one is meant.
    scale:
      Number.parseInt(metadata['scale'] ?? '', 10) ||
      (shapes.has('upscale4x.0.weight')
        ? scaleOf(shapes, ['upscale4x.0', 'upscale4x.3'])
        : scaleOf(shapes, shapes.has('upscale3x.0.weight') ? ['upscale3x.0'] : ['upscale2x.0'])),
    blocks: count(shapes, /^residual\.(\d+)\.conv1\.weight$/),
    features: shapes.get('conv_input.weight')?.[0] ?? 0,
    batchNorm: shapes.has('residual.0.bn1.weight') || shapes.has('residual.0.in1.weight'),
    output: /tanh/.test(metadata['output'] ?? '') ? 'tanh' : 'linear',
  }),
  modules: ({ blocks, scale }, shapes) => {
    const norm = shapes.has('residual.0.in1.weight') ? 'in' : 'bn';
    return {
      head: 'conv_input',
      'head.act': 'relu',
      ...each(blocks, (i) => ({
        [`body.${i}.conv1`]: `residual.${i}.conv1`,
        [`body.${i}.bn1`]: `residual.${i}.${norm}1`,
        [`body.${i}.act`]: `residual.${i}.relu`,
        [`body.${i}.conv2`]: `residual.${i}.conv2`,
        [`body.${i}.bn2`]: `residual.${i}.${norm}2`,
      })),
      'body.conv': 'conv_mid',
      'body.bn': 'bn_mid',
      ...each(shuffles(scale), (i) => ({
        [`up.${i}.conv`]: `upscale${scale}x.${3 * i}`,
        [`up.${i}.act`]: `upscale${scale}x.${3 * i + 2}`,
      })),
      tail: 'conv_output',
    };
  },
  ignores: (name, { scale }) => /^upscale[234]x\./.test(name) && !name.startsWith(`upscale${scale}x.`),
  biases: 'optional',
  leakySlope: 0.2,
  range: 1,
  mean: [0, 0, 0],
  shifts: null,
} as const satisfies NameMap;
