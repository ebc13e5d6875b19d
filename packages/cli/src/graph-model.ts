/** TensorFlow.js graph models as bytes. */
import type { TfjsExport } from '@fqsr/sr-models';
import type { io } from '@tensorflow/tfjs';

/** What `tf.io.fromMemory` takes, from the bytes of the two files. */
export function graphModelArtifacts(files: TfjsExport): io.ModelArtifacts {
  const { weightsManifest, ...model } = JSON.parse(new TextDecoder().decode(files['model.json'])) as io.ModelJSON;
  return {
    ...model,
    weightSpecs: weightsManifest.flatMap(({ weights }) => weights),
    weightData: files['weights.bin'].slice().buffer as ArrayBuffer,
  };
}
