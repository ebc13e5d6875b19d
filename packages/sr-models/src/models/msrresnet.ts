/**
 * MSRResNet, BasicSR's modified SRResNet: 3x3 head and tail, residual blocks without batch normalisation, leaky ReLUs of slope 0.1, a convolution more at full size.
 * There is no global skip over the body: what the network gives is added to a bilinear enlargement of the image.
 */
import { ModelError } from '../error.js';
import { type Graph, type GraphNode, makeGraph } from '../graph.js';
import { addedToEnlargement } from '../image-part.js';
import type { ModelConfig, ModelFamily, RawConfig } from './types.js';

/** What makes one MSRResNet. */
export interface MsrresnetConfig extends ModelConfig {
  /** Residual blocks. */
  readonly blocks: number;
  /** Channels of the body. */
  readonly features: number;
}

const SLOPE = 0.1;

const presets = {
  msrresnet: { blocks: 16, features: 64 },
} as const satisfies Record<string, Omit<MsrresnetConfig, 'scale'>>;

/** MSRResNet of any size. */
export const msrresnet = {
  name: 'msrresnet',
  description:
    'MSRResNet of BasicSR (16 x 64), or any msrresnet-f<features>b<blocks>: what it adds to a bilinear enlargement',
  presets,
  parse: (name) => {
    const match = /^msrresnet-f(\d{1,3})b(\d{1,2})$/.exec(name);
    return match ? { features: Number(match[1]), blocks: Number(match[2]) } : null;
  },
  check,
  build: (config, name) => build(check(config), name),
} as const satisfies ModelFamily<MsrresnetConfig>;

function check({ scale, blocks, features, ...rest }: RawConfig): MsrresnetConfig {
  const refuse = (field: string, wanted: string, got: unknown): never => {
    throw new ModelError('msrresnet', `config.${field} must be ${wanted}, got ${JSON.stringify(got)}`, 'correct it');
  };
  const unknown = Object.keys(rest)[0];
  if (unknown) refuse(unknown, 'absent', rest[unknown]);
  const whole = (value: unknown, field: string, low: number, high: number): number => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value;
    return refuse(field, `an integer from ${low} to ${high}`, value);
  };
  return {
    scale: whole(scale, 'scale', 2, 4),
    blocks: whole(blocks, 'blocks', 1, 64),
    features: whole(features, 'features', 1, 512),
  };
}

function build({ scale, blocks, features }: MsrresnetConfig, name: string): Graph {
  const nodes: GraphNode[] = [{ op: 'input', name: 'input', channels: 3, zeroPoint: [0, 0, 0] }];
  const push = (node: GraphNode): string => {
    nodes.push(node);
    return node.name;
  };
  const conv = (at: string, input: string, inChannels: number, outChannels: number): string =>
    push({ op: 'conv2d', name: at, input, kernel: [3, 3], inChannels, outChannels, weights: null });
  const leaky = (at: string, input: string): string =>
    push({ op: 'prelu', name: at, input, slopes: 1, constant: SLOPE });
  const shuffle = (at: string, input: string, factor: number): string =>
    push({ op: 'pixelShuffle', name: at, input, factor, order: 'dcr' });

  let x = leaky('head.act', conv('head', 'input', 3, features));
  for (let i = 0; i < blocks; i++) {
    const at = `body.${i}`;
    const first = push({ op: 'relu', name: `${at}.relu`, input: conv(`${at}.conv1`, x, features, features) });
    x = push({ op: 'add', name: `${at}.add`, inputs: [x, conv(`${at}.conv2`, first, features, features)] });
  }
  for (const [i, factor] of (scale === 4 ? [2, 2] : [scale]).entries()) {
    // BasicSR's leaky ReLU stands behind the shuffle; with one slope it commutes with it.
    const wide = leaky(`up.${i}.act`, conv(`up.${i}.conv`, x, features, features * factor * factor));
    x = shuffle(`up.${i}.shuffle`, wide, factor);
  }
  x = conv('tail', leaky('hr.act', conv('hr', x, features, features)), features, 3);
  for (const node of addedToEnlargement(x, scale, [0, 0, 0])) x = push(node);
  push({ op: 'output', name: 'output', input: x });
  return makeGraph({ name, scale, nodes });
}
