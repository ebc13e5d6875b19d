/** The checkpoints of `test/goldens`, and what PyTorch computes with them. */
import { readFileSync } from 'node:fs';
import { readSafetensors } from '@fqsr/runtime/format';
import * as tf from '@tensorflow/tfjs';
import type { Graph } from '../src/graph.js';
import { type Params, toTensors } from '../src/params.js';
import { forward } from '../src/passes/forward.js';

/** Bytes of a golden. */
export const golden = (name: string): Uint8Array => readFileSync(new URL(`./goldens/${name}`, import.meta.url));

/** An image, NHWC, and PyTorch's output for it. */
export interface Computed {
  readonly shape: readonly [number, number, number, number];
  readonly image: Float32Array;
  readonly output: Float32Array;
}

/** PyTorch's outputs: of a small image whole, and of the middle of a wide one. */
export function computed(name: string): { readonly small: Computed; readonly middle: Computed } {
  const { tensors } = readSafetensors(golden(`${name}.out.safetensors`));
  const of = (image: string, output: string): Computed => {
    const [height = 0, width = 0] = tensors.get(image)?.shape ?? [];
    const values = (key: string) => Float32Array.from(tensors.get(key)?.data as ArrayLike<number>);
    return { shape: [1, height, width, 3], image: values(image), output: values(output) };
  };
  return { small: of('image', 'output'), middle: of('wide', 'middle') };
}

/** The largest distance of a network's float output from PyTorch's, in grey levels; where PyTorch's is smaller, of the middle. */
export function distance(graph: Graph, params: Params, { shape, image, output }: Computed): number {
  return tf.tidy(() => {
    const all = forward(graph, tf.tensor4d(image, [...shape]), { params: toTensors(graph, params), mode: 'float' });
    const edge = all.size === output.length ? 0 : 10 * graph.scale;
    const [, height, width] = all.shape;
    const part = tf.slice(all, [0, edge, edge, 0], [1, height - 2 * edge, width - 2 * edge, 3]);
    return tf.max(tf.abs(tf.sub(tf.reshape(part, [-1]), tf.tensor1d(output)))).dataSync()[0] as number;
  });
}
