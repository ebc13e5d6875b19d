import { toFloatOnnx } from '@fqsr/sr-models';
import { openOnnxRuntime } from '../onnx-runtime.js';
import { interleave, toPlanes } from '../planes.js';
import { compareFloat } from './compare-float.js';
import type { FloatFormat } from './format.js';

/** ONNX in plain float32 operations, run in ONNX Runtime and compared with the graph before it is written. */
export const onnxFloatFormat = {
  of: 'float',
  label: 'ONNX (float32, opset 21) for any engine',
  isForeign: true,
  output: 'file',
  write: async ({ graph, params, images }, io) => {
    const bytes = toFloatOnnx(graph, params);
    if (images.length === 0) return { bytes, verified: null };
    const { label, open } = await openOnnxRuntime();
    const session = await open(bytes, 1);
    try {
      const verified = await compareFloat({ graph, params }, images, label, io, async ({ width, height, data }) => {
        const planes = toPlanes(Float32Array.from(data), width * height);
        const { upscaled } = await session.run({ image: { data: planes, dims: [1, 3, height, width] } });
        return interleave(Float32Array.from(upscaled?.data ?? []), width * height * graph.scale ** 2);
      });
      return { bytes, verified };
    } finally {
      await session.release();
    }
  },
} satisfies FloatFormat;
