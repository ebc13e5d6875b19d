/** A checkpoint as a network that upscales. */
import { makeImage } from '@fqsr/datasets';
import { type Checkpoint, forward, graphOf, toTensors } from '@fqsr/sr-models';
import * as tf from '@tensorflow/tfjs';
import { openBackend } from './backend.js';
import type { Network } from './networks.js';

/** A checkpoint, run by TensorFlow.js: fake-quantized when it has a plan, in float otherwise. Output is clamped and rounded to 8 bits. */
export async function graphNetwork(
  checkpoint: Pick<Checkpoint, 'model' | 'plan' | 'params'>,
  prepare: () => Promise<void> = openBackend,
): Promise<Network> {
  await prepare();
  const graph = graphOf(checkpoint);
  const params = toTensors(graph, checkpoint.params);
  const mode = checkpoint.plan ? 'exact' : 'float';
  return {
    label: graph.name,
    arithmetic: checkpoint.plan ? 'fake-quantized' : 'float',
    scale: graph.scale,
    upscale: async ({ width, height, data }, onProgress) => {
      const output = tf.tidy(() => {
        const image = tf.tensor4d(Float32Array.from(data), [1, height, width, 3]);
        return tf.round(tf.clipByValue(forward(graph, image, { params, mode }), 0, 255));
      });
      const pixels = Uint8Array.from(await output.data());
      output.dispose();
      onProgress?.(1);
      return makeImage(width * graph.scale, height * graph.scale, pixels);
    },
    dispose: () => tf.dispose([...params.values()]),
  };
}
