/**
 * SRResNet and SRGAN's generator (Ledig et al., CVPR 2017): a 9x9 head, residual blocks with PReLU, a global skip, pixel shuffles by 2 or 3, a 9x9 tail.
 */
import { ModelError } from '../error.js';
import { type Graph, type GraphNode, makeGraph } from '../graph.js';
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
}

/** Of PyTorch, as in the released networks. */
const EPSILON = 1e-5;

const presets = {
  srresnet: { blocks: 16, features: 64, batchNorm: true, output: 'linear' },
  'srresnet-nobn': { blocks: 16, features: 64, batchNorm: false, output: 'linear' },
  srgan: { blocks: 16, features: 64, batchNorm: true, output: 'tanh' },
  'srgan-nobn': { blocks: 16, features: 64, batchNorm: false, output: 'tanh' },
} as const satisfies Record<string, Omit<SrresnetConfig, 'scale'>>;

/** SRResNet of any size. */
export const srresnet = {
  name: 'srresnet',
  description:
    'SRResNet (16 x 64) and SRGAN generator, with batch normalisation or without (-nobn), or any srresnet-f<features>b<blocks>, srgan-f<features>b<blocks>',
  presets,
  parse: (name) => {
    const match = /^(srresnet|srgan)-f(\d{1,3})b(\d{1,2})(-nobn)?$/.exec(name);
    if (!match) return null;
    const [, kind, features, blocks, plain] = match;
    return {
      features: Number(features),
      blocks: Number(blocks),
      batchNorm: plain === undefined,
      output: kind === 'srgan' ? 'tanh' : 'linear',
    };
  },
  check,
  build: (config, name) => build(check(config), name),
} as const satisfies ModelFamily<SrresnetConfig>;

function check({ scale, blocks, features, batchNorm = true, output = 'linear', ...rest }: RawConfig): SrresnetConfig {
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
  return {
    scale: whole(scale, 'scale', 2, 4),
    blocks: whole(blocks, 'blocks', 1, 64),
    features: whole(features, 'features', 1, 512),
    batchNorm,
    output,
  };
}

function build({ scale, blocks, features, batchNorm, output }: SrresnetConfig, name: string): Graph {
  const nodes: GraphNode[] = [{ op: 'input', name: 'input', channels: 3, zeroPoint: [0, 0, 0] }];
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
  push({ op: 'output', name: 'output', input: x });
  return makeGraph({ name, scale, nodes });
}
