/**
 * All learned parameters of a graph in one flat vector, so that an optimizer step costs a dozen operations whatever the number of layers.
 * Weights and biases come first, quantizer parameters last: before calibration ends only the first part has gradients.
 */
import * as tf from '@tensorflow/tfjs';
import type { Graph } from './graph.js';
import type { Params } from './params.js';
import { type Parameter, parameters } from './passes/parameters.js';

/** Where each parameter lies in the flat vector. */
export interface FlatLayout {
  readonly parameters: readonly Parameter[];
  readonly sizes: readonly number[];
  readonly total: number;
  /** Number of parameters (and of values) that are weights and biases. */
  readonly network: { readonly parameters: number; readonly values: number };
}

/** The layout of a graph's parameters. */
export function flatLayout(graph: Graph): FlatLayout {
  return layoutOf(parameters(graph).filter(({ kind }) => kind !== 'statistic'));
}

/** The layout of these parameters, quantizers last. */
export function layoutOf(all: readonly Parameter[]): FlatLayout {
  const ordered = [
    ...all.filter(({ kind }) => kind !== 'quantizer'),
    ...all.filter(({ kind }) => kind === 'quantizer'),
  ];
  const sizes = ordered.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  const count = all.filter(({ kind }) => kind !== 'quantizer').length;
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  return {
    parameters: ordered,
    sizes,
    total: sum(sizes),
    network: { parameters: count, values: sum(sizes.slice(0, count)) },
  };
}

/** Concatenates parameters. */
export function flatten(layout: FlatLayout, params: Params): Float32Array {
  const flat = new Float32Array(layout.total);
  let at = 0;
  for (const [i, { name }] of layout.parameters.entries()) {
    flat.set(params.get(name) as Float32Array, at);
    at += layout.sizes[i] as number;
  }
  return flat;
}

/** The inverse of {@link flatten}; copies. */
export function unflatten(layout: FlatLayout, flat: Float32Array): Params {
  let at = 0;
  return new Map(
    layout.parameters.map(({ name }, i) => {
      const start = at;
      at += layout.sizes[i] as number;
      return [name, flat.slice(start, at)];
    }),
  );
}

/** One tensor for each parameter, in layout order; the caller disposes. */
export function splitTensor(layout: FlatLayout, flat: tf.Tensor1D): tf.Tensor[] {
  return tf.tidy(() =>
    tf
      .split(flat, [...layout.sizes])
      .map((part, i) => tf.reshape(part, [...(layout.parameters[i] as Parameter).shape])),
  );
}

/** The kernel of a backend that copies a tensor's values to where they are wanted: see `wasm/read-into.ts` of `@fqsr/backends`. */
const readKernel = 'FqsrReadInto';

/** Copies a tensor's values to `target`, which is as long, if it can be without new memory on the way. */
export function readInto<Target extends Float32Array>(tensor: tf.Tensor, target: Target): Target {
  if (tf.getKernel(readKernel, tf.getBackend())) {
    const attrs: Readonly<Record<string, unknown>> = { target };
    tf.engine().runKernel(readKernel, { x: tensor }, attrs as tf.NamedAttrMap);
  } else target.set(tensor.dataSync());
  return target;
}
