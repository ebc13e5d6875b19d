import { ModelError } from '../error.js';
import type { Graph } from '../graph.js';
import { edsr } from './edsr.js';
import { msrresnet } from './msrresnet.js';
import { srresnet } from './srresnet.js';
import type { ModelConfig, ModelFamily } from './types.js';

/** All model families by name. */
export const modelFamilies = { edsr, srresnet, msrresnet } as const satisfies Record<string, ModelFamily>;

const families: Readonly<Record<string, ModelFamily>> = modelFamilies;

/** Everything that makes a network's graph: what a checkpoint records. */
export interface ModelRef {
  readonly family: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>> & ModelConfig;
}

/** The names that `modelByName` knows beside free-form ones. */
export const modelNames: readonly string[] = Object.values(families).flatMap(({ presets }) => Object.keys(presets));

/**
 * The model of that name at that scale.
 *
 * @param name a preset (`edsr-baseline`), or free-form as the family says (`edsr-f16b4`)
 * @throws ModelError listing what there is
 */
export function modelByName(name: string, scale: number): ModelRef {
  for (const family of Object.values(families)) {
    const config = (Object.hasOwn(family.presets, name) ? family.presets[name] : undefined) ?? family.parse(name);
    if (config) return { family: family.name, name, config: { ...family.check({ ...config, scale }) } };
  }
  throw new ModelError(
    'modelByName',
    `model must be one of ${modelNames.join(', ')} or edsr-f<features>b<blocks>, srresnet-f<features>b<blocks>[-nobn], srgan-f<features>b<blocks>[-nobn], msrresnet-f<features>b<blocks>, got "${name}"`,
    'use a known name, for example edsr-f16b4',
  );
}

/** The graph of a model. @throws ModelError for an unknown family or a bad configuration */
export function buildGraph({ family, name, config }: ModelRef): Graph {
  const found = Object.hasOwn(families, family) ? families[family] : undefined;
  if (!found) {
    throw new ModelError(
      'buildGraph',
      `family must be one of ${Object.keys(families).join(', ')}, got "${family}"`,
      'update @fqsr/sr-models, or correct the file',
    );
  }
  return found.build(config, `${name}-x${config.scale}`);
}
