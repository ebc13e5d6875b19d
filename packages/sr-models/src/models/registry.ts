import { ModelError } from '../error.js';
import type { Graph } from '../graph.js';
import { edsr } from './edsr.js';
import { msrresnet } from './msrresnet.js';
import { srresnet } from './srresnet.js';
import type { ModelConfig, ModelFamily } from './types.js';

/** All built-in model families by name. */
export const modelFamilies = { edsr, srresnet, msrresnet } as const satisfies Record<string, ModelFamily>;

/** All families, those that were registered included. */
const families: Record<string, ModelFamily> = { ...modelFamilies };

/** Everything that makes a network's graph: what a checkpoint records. */
export interface ModelRef {
  readonly family: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>> & ModelConfig;
}

/** The names of built-in networks that `modelByName` knows beside free-form ones. */
export const modelNames: readonly string[] = presetNames();

/**
 * The model of that name at that scale.
 *
 * @param name a preset (`edsr-baseline`), or free-form as the family says (`edsr-f16b4`)
 * @throws ModelError listing what there is
 */
export function modelByName(name: string, scale: number): ModelRef {
  for (const family of Object.values(families)) {
    const config = configOf(family, name);
    if (config) return { family: family.name, name, config: { ...family.check({ ...config, scale }) } };
  }
  throw new ModelError(
    'modelByName',
    `model must be one of ${presetNames().join(', ')} or edsr-f<features>b<blocks>, srresnet-f<features>b<blocks>[-nobn], srgan-f<features>b<blocks>[-nobn], msrresnet-f<features>b<blocks>, an EDSR or SRResNet also with -bilinear behind it, got "${name}"`,
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

/**
 * Makes a family of networks known: to `modelByName`, and by its name to `buildGraph` and to every checkpoint that this process reads or writes from then on.
 * Call it once, where the program starts; worker threads register for themselves.
 *
 * @throws ModelError when the name is taken or is not lower-case letters, digits and dashes, a preset's name means a network already, or a function is missing
 *
 * @example
 * registerModelFamily(espcn);
 * buildGraph(modelByName('espcn-f16', 3)); // a graph of the name espcn-f16-x3
 */
export function registerModelFamily(family: ModelFamily): void {
  const refused = (field: string, constraint: string, got: unknown, remedy: string) =>
    new ModelError('registerModelFamily', `family.${field} must be ${constraint}, got ${got}`, remedy);
  const name: unknown = family.name;
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]*$/.test(name)) {
    throw refused('name', 'lower-case letters, digits and dashes', JSON.stringify(name), 'for example espcn');
  }
  if (Object.hasOwn(families, name)) throw refused('name', 'new', `"${name}", which there is`, 'choose another name');
  for (const field of ['parse', 'check', 'build'] as const) {
    if (typeof family[field] === 'function') continue;
    throw refused(field, 'a function', typeof family[field], 'see the type ModelFamily');
  }
  for (const preset of Object.keys(family.presets)) {
    const owner = Object.values(families).find((other) => configOf(other, preset));
    if (owner) throw refused('presets', 'new names', `"${preset}", a network of ${owner.name}`, 'choose another name');
  }
  families[name] = family;
}

function presetNames(): readonly string[] {
  return Object.values(families).flatMap(({ presets }) => Object.keys(presets));
}

/** What a name stands for in a family, if it is one of its networks. */
function configOf(family: ModelFamily, name: string): object | null {
  return (Object.hasOwn(family.presets, name) ? family.presets[name] : undefined) ?? family.parse(name);
}
