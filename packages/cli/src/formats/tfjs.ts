import { type TfjsExport, toTfjs } from '@fqsr/sr-models';
import * as tf from '@tensorflow/tfjs';
import { graphModelArtifacts } from '../graph-model.js';
import { compareFloat } from './compare-float.js';
import type { FloatFormat } from './format.js';

/** A TensorFlow.js graph model in a folder, loaded back by `tf.loadGraphModel` and compared with the graph before it is written. */
export const tfjsFormat = {
  of: 'float',
  label: 'a folder with a graph model (float32) for tf.loadGraphModel',
  isForeign: true,
  output: 'folder',
  write: async ({ graph, params, images }, io) => {
    const exported = toTfjs(graph, params);
    // The weights come first, so that a model.json never stands without them.
    const files = { 'weights.bin': exported['weights.bin'], 'model.json': exported['model.json'] };
    if (images.length === 0) return { files, verified: null };
    const engine = `TensorFlow.js ${tf.version_core}`;
    const verified = await compareFloat({ graph, params }, images, engine, io, (image) => run(exported, image));
    return { files, verified };
  },
} satisfies FloatFormat;

async function run(
  files: TfjsExport,
  { width, height, data }: { readonly width: number; readonly height: number; readonly data: Uint8Array },
): Promise<Float32Array> {
  const model = await tf.loadGraphModel(tf.io.fromMemory(graphModelArtifacts(files)));
  const upscaled = tf.tidy(
    () => model.predict(tf.tensor4d(Float32Array.from(data), [1, height, width, 3])) as tf.Tensor,
  );
  try {
    return Float32Array.from(await upscaled.data());
  } finally {
    upscaled.dispose();
    model.dispose();
  }
}
