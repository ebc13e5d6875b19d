import { readFile } from 'node:fs/promises';
import { findOnnxRuntime } from '../../onnx-runtime.js';
import { interleave, toPlanes } from '../../planes.js';
import { roundPixels } from '../pixels.js';
import type { Peer } from './peer.js';

/** ONNX Runtime, one of its packages, on one of our exports: `onnx` in integers (fused wherever it fuses, its fastest), `onnx-float` in float32. */
export function onnxPeer(install: string, file: 'onnx' | 'onnx-float'): Peer {
  const isInteger = file === 'onnx';
  const engine = install === 'onnxruntime-node' ? 'ONNX Runtime, native' : 'ONNX Runtime Web, WASM';
  return {
    label: `${engine}, ${isInteger ? 'int8' : 'float32'}`,
    file,
    arithmetic: isInteger ? 'integer' : 'float32',
    install,
    byDefault: true,
    open: async (path, threads) => {
      const runtime = await findOnnxRuntime([install]);
      if (!runtime) return null;
      const session = await runtime.open(await readFile(path), threads);
      return {
        version: runtime.label,
        threads,
        prepare: ({ width, height, data }) => {
          const planes = toPlanes(isInteger ? data : Float32Array.from(data), width * height);
          const feeds = { image: { data: planes, dims: [1, 3, height, width] } };
          return async () => {
            const { upscaled } = await session.run(feeds);
            const result = upscaled?.data ?? new Uint8Array();
            return { pixels: () => roundPixels(interleave(result, result.length / 3)) };
          };
        },
      };
    },
  };
}
