/** Which foreign tensors make each parameter of a graph, and whether a file has exactly those. */
import { ModelError } from '../error.js';
import type { BatchNormNode, Conv2dNode, Graph, PreluNode } from '../graph.js';
import type { FoundConfig, NameMap } from './maps/types.js';
import type { ForeignTensor } from './tensor.js';

/** A node with parameters, and the module that holds them. */
export interface Module {
  readonly node: Conv2dNode | PreluNode | BatchNormNode;
  readonly module: string;
}

/** The nodes of a graph that have parameters, in order. */
export function modulesOf(graph: Graph, names: Readonly<Record<string, string>>): readonly Module[] {
  return graph.nodes.flatMap((node) => {
    if (node.op !== 'conv2d' && node.op !== 'prelu' && node.op !== 'batchNorm') return [];
    if (node.op === 'prelu' && node.constant !== undefined) return [];
    return [{ node, module: names[node.name] ?? `(no name for ${node.name})` }];
  });
}

/** Shapes that a tensor may have; an optional one may be absent. */
interface Wanted {
  readonly shapes: readonly (readonly number[])[];
  readonly optional: boolean;
}

/**
 * Checks that a file has the tensors of the modules, and no others.
 *
 * @throws ModelError naming all that are missing, extra or misshapen
 */
export function demandTensors(
  graph: Graph,
  modules: readonly Module[],
  tensors: ReadonlyMap<string, ForeignTensor>,
  map: NameMap,
  config: FoundConfig,
): void {
  const wanted = new Map(modules.flatMap((module) => wantedBy(module, map)));
  const shifts = map.shifts ? Object.values(map.shifts).flatMap((at) => [`${at}.weight`, `${at}.bias`]) : [];
  const known = (name: string): boolean =>
    wanted.has(name) || shifts.includes(name) || /\.num_batches_tracked$/.test(name) || map.ignores(name, config);
  const missing = [...wanted].flatMap(([name, { optional }]) => (optional || tensors.has(name) ? [] : [name]));
  const extra = [...tensors.keys()].filter((name) => !known(name));
  const misshapen = [...wanted].flatMap(([name, { shapes }]) => {
    const got = tensors.get(name)?.shape.join('x');
    if (got === undefined || shapes.some((shape) => shape.join('x') === got)) return [];
    return [`${name} (${got || 'scalar'} instead of ${shapes.map((shape) => shape.join('x')).join(' or ')})`];
  });
  const problems = [
    ...(missing.length > 0 ? [`missing ${list(missing)}`] : []),
    ...(extra.length > 0 ? [`extra ${list(extra)}`] : []),
    ...(misshapen.length > 0 ? [`misshapen ${list(misshapen)}`] : []),
  ];
  if (problems.length === 0) return;
  throw new ModelError(
    'importNetwork',
    `file must hold exactly the tensors of ${graph.name} by the names of ${map.name}, got ${problems.join('; ')}`,
    'give the model and the scale that the file was trained for',
  );
}

function wantedBy({ node, module }: Module, map: NameMap): readonly (readonly [string, Wanted])[] {
  const want = (part: string, optional: boolean, ...shapes: readonly (readonly number[])[]) =>
    [`${module}.${part}`, { shapes, optional }] as const;
  switch (node.op) {
    case 'conv2d': {
      const { kernel, inChannels, outChannels } = node;
      return [
        want('weight', false, [outChannels, inChannels, ...kernel]),
        want('bias', map.biases === 'optional', [outChannels]),
      ];
    }
    case 'prelu':
      return [want('weight', map.leakySlope !== null, [node.slopes], [1])];
    case 'batchNorm':
      return ['weight', 'bias', 'running_mean', 'running_var'].map((part) => want(part, false, [node.channels]));
  }
}

function list(names: readonly string[]): string {
  return names.length > 6 ? `${names.slice(0, 6).join(', ')} and ${names.length - 6} more` : names.join(', ');
}
