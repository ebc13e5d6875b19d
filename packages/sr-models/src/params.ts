/**
 * Parameters by name as float32 arrays: what checkpoints hold, and what every pass reads. Tensors exist only while something computes.
 */
import * as tf from '@tensorflow/tfjs';
import { ModelError } from './error.js';
import type { Graph } from './graph.js';
import { parameters } from './passes/parameters.js';

/** Learned values by parameter name; the layout is that of `parameters(graph)`. */
export type Params = ReadonlyMap<string, Float32Array>;

/** Learned tensors by parameter name. */
export type ParamTensors = ReadonlyMap<string, tf.Tensor>;

/**
 * Checks that `params` are exactly those of the graph.
 *
 * @throws ModelError naming the missing, extra or misshapen parameters
 */
export function checkParams(graph: Graph, params: Params): void {
  const expected = new Map(parameters(graph).map(({ name, shape }) => [name, shape]));
  const missing = [...expected.keys()].filter((name) => !params.has(name));
  const extra = [...params.keys()].filter((name) => !expected.has(name));
  const remedy = 'the file belongs to another model or plan';
  if (missing.length > 0)
    throw new ModelError('checkParams', `${graph.name} must have all parameters, missing ${list(missing)}`, remedy);
  if (extra.length > 0)
    throw new ModelError('checkParams', `${graph.name} must have no other parameters, got ${list(extra)}`, remedy);
  for (const [name, shape] of expected) {
    const size = shape.reduce((a, b) => a * b, 1);
    const length = params.get(name)?.length;
    if (length !== size) {
      throw new ModelError(
        'checkParams',
        `${name} must have ${size} values (${shape.join('x')}), got ${length}`,
        remedy,
      );
    }
  }
}

/** Tensors of all parameters of a graph; the caller disposes them. */
export function toTensors(graph: Graph, params: Params): ParamTensors {
  return new Map(
    parameters(graph).map(({ name, shape }) => [
      name,
      tf.tensor(params.get(name) as Float32Array, [...shape], 'float32'),
    ]),
  );
}

function list(names: readonly string[]): string {
  return names.length > 4 ? `${names.slice(0, 4).join(', ')} and ${names.length - 4} more` : names.join(', ');
}
