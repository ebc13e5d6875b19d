/** ONNX Runtime, for tests: its WebAssembly build, on one thread. */
import * as ort from 'onnxruntime-web';
import type { OnnxRun } from '../src/onnx/verify-onnx.js';

ort.env.wasm.numThreads = 1;

/** Runs a file. */
export const runOnnx: OnnxRun = async (file, { image: { data, dims } }) => {
  const session = await ort.InferenceSession.create(file);
  try {
    const results = await session.run({ image: new ort.Tensor('uint8', data, dims) });
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => {
        if (!(tensor.data instanceof Uint8Array)) throw new Error(`${name} is ${tensor.type}, not uint8`);
        return [name, { data: tensor.data, dims: tensor.dims }];
      }),
    );
  } finally {
    await session.release();
  }
};
