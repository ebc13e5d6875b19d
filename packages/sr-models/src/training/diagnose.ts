/** Names what is not finite, once a step has gone wrong. */
import * as tf from '@tensorflow/tfjs';
import { type FlatLayout, unflatten } from '../flat.js';
import { type Params, toTensors } from '../params.js';
import { forward } from '../passes/forward.js';
import { imagesOf, type PassOptions } from './objective.js';
import type { TrainBatch } from './options.js';

/** The first node of a forward pass that gives NaN or infinity, in words. */
export function firstBadNode(batch: TrainBatch, params: Params, { graph, ...pass }: PassOptions): string {
  const bad = [...params].find(([, values]) => !values.every(Number.isFinite));
  if (bad) return `parameter ${bad[0]} is not finite`;
  let found: string | null = null;
  tf.tidy(() => {
    forward(graph, imagesOf(batch, graph.scale).lr, {
      ...pass,
      params: toTensors(graph, params),
      onNode: ({ name }, { value }) => {
        if (found === null && !value.dataSync().every(Number.isFinite)) found = `first in ${name}`;
      },
    });
  });
  return found ?? 'no node of the network has it, so it comes from the loss';
}

/** The names of the parameters whose gradients are not finite. */
export function badGradients(layout: FlatLayout, gradient: tf.Tensor1D): string {
  const bad = [...unflatten(layout, gradient.dataSync() as Float32Array)]
    .filter(([, values]) => !values.every(Number.isFinite))
    .map(([name]) => name);
  return bad.slice(0, 3).join(', ') + (bad.length > 3 ? ` and ${bad.length - 3} more` : '');
}
