import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { graphModelArtifacts } from '../../graph-model.js';
import { roundPixels } from '../pixels.js';
import type { Peer } from './peer.js';

/** TensorFlow.js as it comes from npm: its WASM backend without any kernel of ours, which runs on one thread on Node. */
export const tfjsPeer = {
  label: 'TensorFlow.js, WASM, float32',
  file: 'tfjs',
  arithmetic: 'float32',
  install: '@tensorflow/tfjs-backend-wasm',
  byDefault: true,
  open: async (folder) => {
    const tf = await import('@tensorflow/tfjs');
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    setWasmPaths(`${dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'))}/`);
    await tf.setBackend('wasm');
    const [model, weights] = await Promise.all(
      ['model.json', 'weights.bin'].map((name) => readFile(join(folder, name))),
    );
    const files = { 'model.json': model as Uint8Array, 'weights.bin': weights as Uint8Array };
    const network = await tf.loadGraphModel(tf.io.fromMemory(graphModelArtifacts(files)));
    return {
      version: `@tensorflow/tfjs ${tf.version_core}`,
      threads: 1,
      prepare: ({ width, height, data }) => {
        const pixels = tf.tensor4d(Float32Array.from(data), [1, height, width, 3]);
        return async () => {
          const upscaled = tf.tidy(() => network.predict(pixels));
          if (!(upscaled instanceof tf.Tensor)) throw new Error('a graph model of ours gives one tensor');
          const result = await upscaled.data<'float32'>();
          upscaled.dispose();
          return { pixels: () => roundPixels(result) };
        };
      },
    };
  },
} satisfies Peer;
