/** Runs parts of a graph on calibration data that does not fit in one pass. */
import * as tf from '@tensorflow/tfjs';
import { type Graph, type GraphNode, nodesByName } from '../graph.js';
import { type Params, toTensors } from '../params.js';
import { forward } from '../passes/forward.js';
import { region, sourceOf } from './regions.js';

/** How values are computed. */
export type RunMode = 'float' | 'quantized';

/** Samples in one pass. */
const CHUNK = 8;

/**
 * The real output of a graph for many inputs, some at a time.
 *
 * @param input `[samples, height, width, channels]`
 * @returns the output for all; the caller disposes
 */
export function runAll(graph: Graph, params: Params, input: tf.Tensor4D, mode: RunMode): tf.Tensor4D {
  return tf.tidy(() => {
    const tensors = toTensors(graph, params);
    const parts: tf.Tensor4D[] = [];
    for (let from = 0; from < input.shape[0]; from += CHUNK) {
      const count = Math.min(CHUNK, input.shape[0] - from);
      parts.push(
        tf.tidy(() => {
          const rows = tf.slice(input, [from, 0, 0, 0], [count, -1, -1, -1]);
          return forward(graph, rows, { params: tensors, mode });
        }),
      );
    }
    return tf.concat(parts, 0);
  });
}

/** Values of a graph at its convolutions and adds, computed on demand. Owns tensors. */
export interface Values {
  /** The real value of a node, for all samples. It stays the property of `Values`. */
  readonly at: (name: string) => tf.Tensor4D;
  /** Forgets a value, so that it is computed anew. */
  readonly forget: (name: string) => void;
  /** Forgets every value that is not among these. */
  readonly keep: (names: ReadonlySet<string>) => void;
  readonly dispose: () => void;
}

/**
 * Values of a graph on given images, in one mode. Parameters are read when a value is computed, so that values may follow parameters that are still being worked on,
 * in the order of the graph.
 */
export function valuesOf(graph: Graph, params: () => Params, images: tf.Tensor4D, mode: RunMode): Values {
  const byName = nodesByName(graph);
  const known = new Map<string, tf.Tensor4D>();
  const between = (from: string, to: string): tf.Tensor4D =>
    runAll(region(graph, from, to).graph, params(), at(from), mode);
  const at = (name: string): tf.Tensor4D => {
    const before = known.get(name);
    if (before) return before;
    const value = tf.keep(compute(byName.get(name) as GraphNode));
    known.set(name, value);
    return value;
  };
  const compute = (node: GraphNode): tf.Tensor4D => {
    if (node.op === 'input') return tf.clone(images);
    if (node.op !== 'add') return between(sourceOf(node.op === 'conv2d' ? node.input : node.name, byName), node.name);
    const [a, b] = node.inputs.map((name) => {
      const source = sourceOf(name, byName);
      return source === name ? tf.clone(at(name)) : between(source, name);
    }) as [tf.Tensor4D, tf.Tensor4D];
    const sum = tf.add(a, b) as tf.Tensor4D;
    tf.dispose([a, b]);
    return sum;
  };
  return {
    at,
    forget: (name) => {
      known.get(name)?.dispose();
      known.delete(name);
    },
    keep: (names) => {
      for (const [name, value] of known) {
        if (names.has(name)) continue;
        value.dispose();
        known.delete(name);
      }
    },
    dispose: () => {
      tf.dispose([...known.values()]);
      known.clear();
    },
  };
}
