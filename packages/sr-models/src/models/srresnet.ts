/**
 * SRResNet and SRGAN's generator (Ledig et al., CVPR 2017): a 9x9 head, residual blocks with PReLU, a global skip, pixel shuffles by 2 or 3, a 9x9 tail.
 */
import { ModelError } from '../error.js';
import { type Graph, type GraphNode, makeGraph } from '../graph.js';
import { addedToEnlargement, type ImageSkip, parsedWithImageSkip } from '../image-part.js';
import type { ModelConfig, ModelFamily, RawConfig } from './types.js';

/** What makes one SRResNet. */
export interface SrresnetConfig extends ModelConfig {
  /** Residual blocks. */
  readonly blocks: number;
  /** Channels of the body. */
  readonly features: number;
  /** Whether batch normalisation follows the convolutions of the body, as in the paper. */
  readonly batchNorm: boolean;
  /** `linear`: grey levels; `tanh`: `127.5 * (tanh(x) + 1)`, as most SRGAN generators end. */
  readonly output: 'linear' | 'tanh';
  /** `none`: the paper. `bilinear`: the network makes what is to be added to a bilinear enlargement of the image; its output is `linear` then. */
  readonly imageSkip: ImageSkip;
}

/** Of PyTorch, as in the released networks. */
const EPSILON = 1e-5;

/** The input is the image itself. */
const zeroPoint = [0, 0, 0] as const;

const presets = {
  srresnet: { blocks: 16, features: 64, batchNorm: true, output: 'linear', imageSkip: 'none' },
  'srresnet-nobn': { blocks: 16, features: 64, batchNorm: false, output: 'linear', imageSkip: 'none' },
  srgan: { blocks: 16, features: 64, batchNorm: true, output: 'tanh', imageSkip: 'none' },
  'srgan-nobn': { blocks: 16, features: 64, batchNorm: false, output: 'tanh', imageSkip: 'none' },
} as const satisfies Record<string, Omit<SrresnetConfig, 'scale'>>;

/** SRResNet of any size. */
export const srresnet = {
  name: 'srresnet',
  description:
    'SRResNet (16 x 64) and SRGAN generator, with batch normalisation or without (-nobn), or any srresnet-f<features>b<blocks>, srgan-f<features>b<blocks>; an SRResNet with -bilinear behind, added to a bilinear enlargement of the image',
  presets,
  parse,
  check,
  build: (config, name) => build(check(config), name),
} as const satisfies ModelFamily<SrresnetConfig>;

/** Any name may have `-bilinear` behind it. */
function parse(name: string): Omit<SrresnetConfig, 'scale'> | null {
  return parsedWithImageSkip<Omit<SrresnetConfig, 'scale'>>(name, (base) =>
    Object.hasOwn(presets, base) ? presets[base as keyof typeof presets] : freeForm(base),
  );
}

function freeForm(name: string): Omit<SrresnetConfig, 'scale'> | null {
  const match = /^(srresnet|srgan)-f(\d{1,3})b(\d{1,2})(-nobn)?$/.exec(name);
  if (!match) return null;
  const [, kind, features, blocks, plain] = match;
  return {
    features: Number(features),
    blocks: Number(blocks),
    batchNorm: plain === undefined,
    output: kind === 'srgan' ? 'tanh' : 'linear',
    imageSkip: 'none',
  };
}

function check({
  scale,
  blocks,
  features,
  batchNorm = true,
  output = 'linear',
  imageSkip = 'none',
  ...rest
}: RawConfig): SrresnetConfig {
  const refuse = (field: string, wanted: string, got: unknown): never => {
    throw new ModelError('srresnet', `config.${field} must be ${wanted}, got ${JSON.stringify(got)}`, 'correct it');
  };
  const unknown = Object.keys(rest)[0];
  if (unknown) refuse(unknown, 'absent', rest[unknown]);
  const whole = (value: unknown, field: string, low: number, high: number): number => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value;
    return refuse(field, `an integer from ${low} to ${high}`, value);
  };
  if (typeof batchNorm !== 'boolean') return refuse('batchNorm', 'true or false', batchNorm);
  if (output !== 'linear' && output !== 'tanh') return refuse('output', 'linear or tanh', output);
  if (imageSkip !== 'none' && imageSkip !== 'bilinear') return refuse('imageSkip', 'none or bilinear', imageSkip);
  if (imageSkip !== 'none' && output === 'tanh') return refuse('output', 'linear where imageSkip is bilinear', output);
  return {
    scale: whole(scale, 'scale', 2, 4),
    blocks: whole(blocks, 'blocks', 1, 64),
    features: whole(features, 'features', 1, 512),
    batchNorm,
    output,
    imageSkip,
  };
}

function build({ scale, blocks, features, batchNorm, output, imageSkip }: SrresnetConfig, name: string): Graph {
  const nodes: GraphNode[] = [{ op: 'input', name: 'input', channels: 3, zeroPoint: [...zeroPoint] }];
  const push = (node: GraphNode): string => {
    nodes.push(node);
    return node.name;
  };
  const conv = (at: string, input: string, size: number, inChannels: number, outChannels: number): string =>
    push({ op: 'conv2d', name: at, input, kernel: [size, size], inChannels, outChannels, weights: null });
  const norm = (at: string, input: string): string =>
    batchNorm ? push({ op: 'batchNorm', name: at, input, channels: features, epsilon: EPSILON }) : input;
  const prelu = (at: string, input: string): string => push({ op: 'prelu', name: at, input, slopes: features });

  const head = prelu('head.act', conv('head', 'input', 9, 3, features));
  let x = head;
  for (let i = 0; i < blocks; i++) {
    const at = `body.${i}`;
    const first = prelu(`${at}.act`, norm(`${at}.bn1`, conv(`${at}.conv1`, x, 3, features, features)));
    const second = norm(`${at}.bn2`, conv(`${at}.conv2`, first, 3, features, features));
    x = push({ op: 'add', name: `${at}.add`, inputs: [x, second] });
  }
  const body = norm('body.bn', conv('body.conv', x, 3, features, features));
  x = push({ op: 'add', name: 'body.add', inputs: [head, body] });
  for (const [i, factor] of (scale === 4 ? [2, 2] : [scale]).entries()) {
    // The paper's PReLU stands behind the shuffle; with the slopes of `features` channels repeated it commutes with it.
    const wide = prelu(`up.${i}.act`, conv(`up.${i}.conv`, x, 3, features, features * factor * factor));
    x = push({ op: 'pixelShuffle', name: `up.${i}.shuffle`, input: wide, factor, order: 'dcr' });
  }
  x = conv('tail', x, 9, features, 3);
  if (output === 'tanh') x = push({ op: 'tanh', name: 'tail.tanh', input: x, gain: 127.5, offset: 127.5 });
  if (imageSkip === 'bilinear') {
    for (const node of addedToEnlargement(x, scale, zeroPoint)) x = push(node);
  }
  push({ op: 'output', name: 'output', input: x });
  return makeGraph({ name, scale, nodes });
}
