/**
 * EDSR (Lim et al., CVPR workshops 2017): head convolution, residual blocks without batch normalisation, global skip, upsampler, tail.
 */
import { ModelError } from '../error.js';
import { type Conv2dNode, type Graph, type GraphNode, makeGraph } from '../graph.js';
import { addedToEnlargement, type ImageSkip, parsedWithImageSkip } from '../image-part.js';
import type { ModelConfig, ModelFamily, RawConfig } from './types.js';

/** What makes one EDSR. */
export interface EdsrConfig extends ModelConfig {
  /** Residual blocks. */
  readonly blocks: number;
  /** Channels of the body. */
  readonly features: number;
  /** Factor on each block's residual: 1, or 0.1 in the 256-channel network. */
  readonly residualScale: number;
  /**
   * `shuffle`: convolutions and pixel shuffles by 2 or 3 up to the full size, then a tail convolution there (the paper).
   * `direct`: the last convolution makes all subpixels of the image at low resolution and one shuffle places them (MLPerf Mobile's EDSR f32b5).
   */
  readonly upsampler: 'shuffle' | 'direct';
  /**
   * `none`: the paper. `bilinear`: the network makes what is to be added to a bilinear enlargement of the image, and the global skip has a convolution of its own (`head.skip`) in place of the head.
   */
  readonly imageSkip: ImageSkip;
}

/** DIV2K's RGB mean (0.4488, 0.4371, 0.4040) * 255 in whole grey levels, so that the network's input is an integer. */
const meanRgb = [114, 111, 103] as const;

const presets = {
  'edsr-baseline': { blocks: 16, features: 64, residualScale: 1, upsampler: 'shuffle', imageSkip: 'none' },
  edsr: { blocks: 32, features: 256, residualScale: 0.1, upsampler: 'shuffle', imageSkip: 'none' },
} as const satisfies Record<string, Omit<EdsrConfig, 'scale'>>;

/** EDSR of any size. */
export const edsr = {
  name: 'edsr',
  description:
    'EDSR: edsr-baseline (16 x 64), edsr (32 x 256), or any edsr-f<features>b<blocks> with direct upsampling (-shuffle: as edsr-baseline); with -bilinear behind, added to a bilinear enlargement of the image',
  presets,
  parse,
  check,
  build: (config, name) => build(check(config), name),
} as const satisfies ModelFamily<EdsrConfig>;

/** Any name may have `-bilinear` behind it. */
function parse(name: string): Omit<EdsrConfig, 'scale'> | null {
  return parsedWithImageSkip<Omit<EdsrConfig, 'scale'>>(name, (base) =>
    Object.hasOwn(presets, base) ? presets[base as keyof typeof presets] : freeForm(base),
  );
}

function freeForm(name: string): Omit<EdsrConfig, 'scale'> | null {
  const match = /^edsr-f(\d{1,3})b(\d{1,2})(-shuffle)?$/.exec(name);
  if (!match) return null;
  const [, features, blocks, shuffle] = match;
  return {
    features: Number(features),
    blocks: Number(blocks),
    residualScale: 1,
    upsampler: shuffle === undefined ? 'direct' : 'shuffle',
    imageSkip: 'none',
  };
}

function check({
  scale,
  blocks,
  features,
  residualScale = 1,
  upsampler = 'shuffle',
  imageSkip = 'none',
  ...rest
}: RawConfig): EdsrConfig {
  const unknown = Object.keys(rest)[0];
  if (unknown) throw new ModelError('edsr', `config must have known fields only, got "${unknown}"`, 'remove it');
  const whole = (value: unknown, field: string, low: number, high: number): number => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value;
    throw new ModelError(
      'edsr',
      `config.${field} must be an integer from ${low} to ${high}, got ${value}`,
      'correct it',
    );
  };
  if (upsampler !== 'shuffle' && upsampler !== 'direct') {
    throw new ModelError('edsr', `config.upsampler must be shuffle or direct, got ${upsampler}`, 'correct it');
  }
  if (imageSkip !== 'none' && imageSkip !== 'bilinear') {
    throw new ModelError('edsr', `config.imageSkip must be none or bilinear, got ${imageSkip}`, 'correct it');
  }
  if (typeof residualScale !== 'number' || !(residualScale > 0 && residualScale <= 1)) {
    throw new ModelError('edsr', `config.residualScale must lie in (0, 1], got ${residualScale}`, 'correct it');
  }
  return {
    scale: whole(scale, 'scale', 2, 4),
    blocks: whole(blocks, 'blocks', 1, 64),
    features: whole(features, 'features', 1, 512),
    residualScale,
    upsampler,
    imageSkip,
  };
}

function build(config: EdsrConfig, name: string): Graph {
  const { scale, blocks, features, residualScale } = config;
  const nodes: GraphNode[] = [{ op: 'input', name: 'input', channels: 3, zeroPoint: [...meanRgb] }];
  const push = (node: GraphNode): string => {
    nodes.push(node);
    return node.name;
  };
  const conv = (at: string, input: string, inChannels: number, outChannels: number): string =>
    push({
      op: 'conv2d',
      name: at,
      input,
      kernel: [3, 3],
      inChannels,
      outChannels,
      weights: null,
    } satisfies Conv2dNode);

  const head = conv('head', 'input', 3, features);
  let x = head;
  for (let i = 0; i < blocks; i++) {
    const at = `body.${i}`;
    const first = push({ op: 'relu', name: `${at}.relu`, input: conv(`${at}.conv1`, x, features, features) });
    let residual = conv(`${at}.conv2`, first, features, features);
    if (residualScale !== 1) {
      residual = push({ op: 'scale', name: `${at}.scale`, input: residual, factor: residualScale });
    }
    x = push({ op: 'add', name: `${at}.add`, inputs: [x, residual] });
  }
  const skip = config.imageSkip === 'none' ? head : conv('head.skip', 'input', 3, features);
  x = push({ op: 'add', name: 'body.add', inputs: [skip, conv('body.conv', x, features, features)] });
  x = upsample(config, x, conv, push);
  if (config.imageSkip === 'bilinear') {
    for (const node of addedToEnlargement(x, scale, meanRgb)) x = push(node);
  }
  push({ op: 'output', name: 'output', input: x });
  return makeGraph({ name, scale, nodes });
}

/** From the body's features at low resolution to the RGB image. */
function upsample(
  { scale, features, upsampler }: EdsrConfig,
  body: string,
  conv: (at: string, input: string, inChannels: number, outChannels: number) => string,
  push: (node: GraphNode) => string,
): string {
  const shuffle = (at: string, input: string, factor: number) =>
    push({ op: 'pixelShuffle', name: at, input, factor, order: 'dcr' });
  if (upsampler === 'direct') return shuffle('shuffle', conv('tail', body, features, 3 * scale * scale), scale);
  let x = body;
  for (const [i, factor] of (scale === 4 ? [2, 2] : [scale]).entries()) {
    x = shuffle(`up.${i}.shuffle`, conv(`up.${i}.conv`, x, features, features * factor * factor), factor);
  }
  return conv('tail', x, features, 3);
}
