import { count, each, type NameMap } from './types.js';

/** MSRResNet of BasicSR, known so that it can be refused by name. */
export const basicsrMsrresnet = {
  name: 'basicsr-msrresnet',
  description: 'MSRResNet of BasicSR: refused, see its reason',
  family: 'srresnet',
  refuses:
    'it adds a bilinear enlargement of its input to its output, leaves out the global skip, and has a convolution more at full size: no family here has that graph, ' +
    'and at the border, where the enlargement repeats pixels and a convolution pads with zeros, no convolution of the graph equals it',
  recognises: (shapes) =>
    shapes.has('conv_first.weight') && shapes.has('upconv1.weight') && shapes.has('conv_hr.weight'),
  infer: (shapes) => ({
    scale: shapes.has('upconv2.weight') ? 4 : 2,
    blocks: count(shapes, /^body\.(\d+)\.conv1\.weight$/),
    features: shapes.get('conv_first.weight')?.[0] ?? 0,
  }),
  modules: ({ blocks }) => each(blocks, (i) => ({ [`body.${i}.conv1`]: `body.${i}.conv1` })),
  ignores: () => false,
  biases: 'required',
  leakySlope: 0.1,
  range: 1,
  mean: [0, 0, 0],
  shifts: null,
} as const satisfies NameMap;
