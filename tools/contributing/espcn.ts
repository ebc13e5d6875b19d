import { type ModelConfig, ModelError, type ModelFamily, makeGraph, type RawConfig } from '@fqsr/sr-models';

/** Channels of the first layer; the second has half of them. */
interface EspcnConfig extends ModelConfig {
  readonly features: number;
}

/** ESPCN (Shi et al., CVPR 2016), with ReLUs: three convolutions at low resolution, the last of which makes all subpixels. */
export const espcn = {
  name: 'espcn',
  description: 'ESPCN: espcn (64 features), or any espcn-f<features>',
  presets: { espcn: { features: 64 } },
  parse: (name) => {
    const [, features] = /^espcn-f(\d{1,3})$/.exec(name) ?? [];
    return features === undefined ? null : { features: Number(features) };
  },
  check,
  build: (config, name) => {
    const { scale, features } = check(config);
    const half = Math.ceil(features / 2);
    const conv = (at: string, input: string, side: number, inChannels: number, outChannels: number) =>
      ({ op: 'conv2d', name: at, input, kernel: [side, side], inChannels, outChannels, weights: null }) as const;
    return makeGraph({
      name,
      scale,
      nodes: [
        { op: 'input', name: 'input', channels: 3, zeroPoint: [114, 111, 103] },
        conv('conv1', 'input', 5, 3, features),
        { op: 'relu', name: 'relu1', input: 'conv1' },
        conv('conv2', 'relu1', 3, features, half),
        { op: 'relu', name: 'relu2', input: 'conv2' },
        conv('tail', 'relu2', 3, half, 3 * scale ** 2),
        { op: 'pixelShuffle', name: 'shuffle', input: 'tail', factor: scale, order: 'dcr' },
        { op: 'output', name: 'output', input: 'shuffle' },
      ],
    });
  },
} as const satisfies ModelFamily<EspcnConfig>;

function check({ scale, features, ...rest }: RawConfig): EspcnConfig {
  const whole = (value: unknown, field: string, low: number, high: number): number => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value;
    throw new ModelError(
      'espcn',
      `config.${field} must be an integer from ${low} to ${high}, got ${value}`,
      'correct it',
    );
  };
  const [unknown] = Object.keys(rest);
  if (unknown) throw new ModelError('espcn', `config must have known fields only, got "${unknown}"`, 'remove it');
  return { scale: whole(scale, 'scale', 2, 4), features: whole(features, 'features', 2, 512) };
}
