/** Runs an exported file in ONNX Runtime, for tests. */
import type { IntegerModel } from '@fqsr/runtime/format';
import { runModel } from '@fqsr/runtime';
import * as ort from 'onnxruntime-web';
import { onnxInput, onnxOutput, toOnnx } from '../src/onnx/to-onnx.js';
import type { ImageBytes, LayerAgreement } from '../src/passes/verify.js';

ort.env.wasm.numThreads = 1;

/** NHWC to NCHW. */
export function toPlanes({ data, width, height }: ImageBytes): Uint8Array {
  const area = width * height;
  return Uint8Array.from({ length: area * 3 }, (_, i) => data[(i % area) * 3 + Math.floor(i / area)] as number);
}

/** All outputs of a file for an image, by name: uint8, NCHW. */
export async function runOnnx(bytes: Uint8Array, image: ImageBytes): Promise<ReadonlyMap<string, ort.Tensor>> {
  const session = await ort.InferenceSession.create(bytes);
  const feed = new ort.Tensor('uint8', toPlanes(image), [1, 3, image.height, image.width]);
  const results = await session.run({ [onnxInput]: feed });
  await session.release();
  return new Map(Object.entries(results));
}

/** How far every stored tensor of the exported file is from the runtime's, in the order of the network; the image comes last, from a file without other outputs. */
export async function agreement(
  model: IntegerModel,
  image: ImageBytes & { readonly channels: 3 },
): Promise<readonly LayerAgreement[]> {
  const { bytes, shown } = toOnnx(model, { outputs: 'all' });
  const outputs = await runOnnx(bytes, image);
  const layers = new Map<string, LayerAgreement>();
  const { data, width, height } = runModel(model, image, {
    tap: (name, levels, rows, columns, channels) => {
      const own = shown.find(({ tensor }) => tensor === name);
      if (!own) return;
      const tensor = outputs.get(own.output) as ort.Tensor;
      if (tensor.dims.join() !== [1, channels, rows, columns].join()) throw new Error(`${name} is ${tensor.dims}`);
      layers.set(name, compare(name, tensor.data as Uint8Array, levels, rows * columns, own.offset));
    },
  });
  const result = (await runOnnx(toOnnx(model).bytes, image)).get(onnxOutput) as ort.Tensor;
  const image3 = compare('output', result.data as Uint8Array, data, width * height, 0);
  return [...shown.map(({ tensor }) => layers.get(tensor) as LayerAgreement), image3];
}

function compare(tensor: string, nchw: Uint8Array, nhwc: ArrayLike<number>, area: number, offset: number) {
  if (nchw.length !== nhwc.length) throw new Error(`${tensor} has ${nchw.length} samples, not ${nhwc.length}`);
  const channels = nhwc.length / area;
  let [different, largest] = [0, 0];
  for (let i = 0; i < nhwc.length; i++) {
    const stored = nchw[(i % channels) * area + Math.floor(i / channels)] as number;
    const apart = Math.abs(stored + offset - (nhwc[i] as number));
    if (apart > 0) different++;
    largest = Math.max(largest, apart);
  }
  return { tensor, samples: nhwc.length, different, largest };
}
