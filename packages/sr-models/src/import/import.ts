/** The import: a network that another program trained becomes a float network of ours. */
import { ModelError } from '../error.js';
import { find } from '../find.js';
import type { Conv2dNode, Graph } from '../graph.js';
import { buildGraph, type ModelRef, modelFamilies } from '../models/registry.js';
import type { ModelFamily } from '../models/types.js';
import { checkParams, type Params } from '../params.js';
import { normalizeScales } from '../passes/scales.js';
import { channelOrder, shuffledBy, toHwio } from './channels.js';
import { nameMaps } from './maps/registry.js';
import type { FoundConfig, NameMap } from './maps/types.js';
import { foldInput, foldOutput, type Normalisation } from './normalise.js';
import { pixelsOf, type Range } from './pixels.js';
import type { ForeignFile, ForeignTensor } from './tensor.js';
import { demandTensors, type Module, modulesOf } from './tensors-of.js';

/** What the caller knows of a file; what is left out is read off it. */
export interface ImportOptions {
  readonly model?: ModelRef | undefined;
  /** Name of a name map. */
  readonly map?: string | undefined;
  /** White in the images of the network. */
  readonly range?: Range | undefined;
}

/** A network of ours. */
export interface ImportedNetwork {
  readonly model: ModelRef;
  readonly params: Params;
  /** Name of the name map. */
  readonly map: string;
  readonly range: Range;
}

/**
 * Makes a network of ours from a file's tensors: names by a name map, OIHW weights to HWIO, pixel shuffles to our channel order, leaky ReLUs to PReLUs, the
 * treatment of pixels into the first and the last convolution, weights to the size that training expects ({@link normalizeScales}). The result is the same function in grey levels, but for a frame at the border (see
 * `normalise.ts`).
 *
 * @throws ModelError for names that no map knows, a kind of network that cannot be expressed, missing, extra or misshapen tensors (all of them named), or
 * values that are not finite
 *
 * @example
 * const { model, params } = await importNetwork(await readForeign(bytes), { model: modelByName('edsr-baseline', 2) });
 */
export async function importNetwork(file: ForeignFile, options: ImportOptions = {}): Promise<ImportedNetwork> {
  const tensors = withoutPrefix(file.tensors);
  const shapes = new Map([...tensors].map(([name, { shape }]) => [name, shape]));
  const map = options.map === undefined ? recognise(shapes) : (find(nameMaps, options.map, 'map') as NameMap);
  const found = map.infer(shapes, file.metadata);
  const model = options.model ?? modelOf(map, found);
  if (model.family !== map.family) {
    throw new ModelError(
      'importNetwork',
      `model must be of the family ${map.family}, as the names of ${map.name} say, got ${model.name}`,
      'choose another model',
    );
  }
  demandOutput(model, found);
  const graph = buildGraph(model);
  const config = { ...found, ...model.config };
  const modules = modulesOf(graph, map.modules(config, shapes));
  demandTensors(graph, modules, tensors, map, config);
  const { range, normalisation } = await pixelsOf({ tensors, metadata: file.metadata }, map, options.range);
  const params = normalizeScales(graph, await convert(graph, modules, tensors, map, normalisation));
  checkParams(graph, params);
  return { model, params, map: map.name, range };
}

/** Tensors without what wrappers put in front of every name. */
function withoutPrefix(tensors: ForeignFile['tensors']): ReadonlyMap<string, ForeignTensor> {
  const prefix = ['module.', 'model.', 'generator.', 'netG.', 'net.'].find((start) =>
    [...tensors.keys()].every((name) => name.startsWith(start)),
  );
  if (prefix === undefined || tensors.size === 0) return tensors;
  return withoutPrefix(new Map([...tensors].map(([name, tensor]) => [name.slice(prefix.length), tensor])));
}

function recognise(shapes: ReadonlyMap<string, readonly number[]>): NameMap {
  const map = Object.values<NameMap>(nameMaps).find(({ recognises }) => recognises(shapes));
  if (map) return map;
  throw new ModelError(
    'importNetwork',
    `names must be those of ${Object.keys(nameMaps).join(', ')}, got ${[...shapes.keys()].slice(0, 4).join(', ') || 'no tensors'}, ...`,
    'name a map, or rename the tensors',
  );
}

/** The model of a configuration that was read off a file: a preset where one fits, otherwise named by its size. */
function modelOf({ family: name }: NameMap, found: FoundConfig): ModelRef {
  const family = find<ModelFamily>(modelFamilies, name, 'family');
  const { scale, ...size } = found;
  const fits = (preset: object) => Object.entries(size).every(([key, value]) => (preset as FoundConfig)[key] === value);
  const preset = Object.entries(family.presets).find(([, config]) => fits(config));
  if (preset) return { family: name, name: preset[0], config: { ...family.check({ ...preset[1], scale }) } };
  const kind = found['output'] === 'tanh' ? 'srgan' : name;
  const suffix = name === 'edsr' ? '-shuffle' : found['batchNorm'] === false ? '-nobn' : '';
  return {
    family: name,
    name: `${kind}-f${found.features}b${found.blocks}${suffix}`,
    config: { ...family.check(found) },
  };
}

/** @throws ModelError when the network of the file ends in a tanh, and the model does not */
function demandOutput({ name, config }: ModelRef, found: FoundConfig): void {
  if (found['output'] !== 'tanh' || config['output'] === 'tanh') return;
  throw new ModelError(
    'importNetwork',
    `model must end in tanh, as the file or its naming says, got ${name}`,
    'use srgan or srgan-nobn',
  );
}

async function convert(
  graph: Graph,
  modules: readonly Module[],
  tensors: ReadonlyMap<string, ForeignTensor>,
  map: NameMap,
  normalisation: Normalisation,
): Promise<Params> {
  const params = new Map<string, Float32Array>();
  const values = async (name: string): Promise<Float32Array | null> => {
    const data = await tensors.get(name)?.read();
    const wrong = data?.find((value) => !Number.isFinite(value));
    if (wrong === undefined) return data ?? null;
    throw new ModelError('importNetwork', `${name} must be finite in float32, got ${wrong}`, 'give another file');
  };
  const shuffled = shuffledBy(graph);
  const last = graph.nodes.findLast(({ op }) => op === 'conv2d');
  const isTanh = graph.nodes.some(({ op }) => op === 'tanh');
  for (const { node, module } of modules) {
    const weight = await values(`${module}.weight`);
    if (node.op === 'prelu') {
      params.set(`${node.name}.slope`, slopes(weight, node.slopes, map.leakySlope ?? 0));
    } else if (node.op === 'batchNorm') {
      for (const [ours, theirs] of Object.entries(normParts)) {
        params.set(`${node.name}.${ours}`, (await values(`${module}.${theirs}`)) as Float32Array);
      }
    } else {
      const bias = (await values(`${module}.bias`)) ?? new Float32Array(node.outChannels);
      let layer = reorder(node, weight as Float32Array, bias, shuffled.get(node.name));
      if (node.input === graph.nodes[0]?.name) layer = foldInput(graph, node, layer.weights, layer.bias, normalisation);
      if (node === last && !isTanh) layer = foldOutput(graph, node, layer.weights, layer.bias, normalisation);
      params.set(`${node.name}.weight`, layer.weights);
      params.set(`${node.name}.bias`, layer.bias);
    }
  }
  return params;
}

/** A convolution's parameters; weights HWIO. */
interface Layer {
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

/** Parts of a batch normalisation, by our names. */
const normParts: Readonly<Record<string, string>> = {
  gamma: 'weight',
  beta: 'bias',
  mean: 'running_mean',
  variance: 'running_var',
};

/** One slope may stand for all channels; a leaky ReLU has none in the file. */
function slopes(weight: Float32Array | null, length: number, leaky: number): Float32Array {
  if (weight?.length === length) return weight;
  return new Float32Array(length).fill(weight?.[0] ?? leaky);
}

function reorder(
  { kernel, inChannels, outChannels }: Conv2dNode,
  weight: Float32Array,
  bias: Float32Array,
  factor: number | undefined,
): Layer {
  const order = channelOrder(outChannels, factor);
  return {
    weights: toHwio(weight, [outChannels, inChannels, ...kernel], order),
    bias: Float32Array.from(order, (channel) => bias[channel] as number),
  };
}
