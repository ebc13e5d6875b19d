/** An exported ONNX file against the integer model it was made from, layer by layer, on a real image. */
import type { IntegerModel } from '@fqsr/runtime/format';
import { ModelError } from '../error.js';
import type { ImageBytes, IntegerRun, LayerAgreement } from '../passes/verify.js';
import { type OnnxOptions, onnxInput, onnxOutput, toOnnx } from './to-onnx.js';

/** A tensor of an ONNX run. */
export interface OnnxTensorData {
  readonly data: ArrayLike<number>;
  readonly dims: readonly number[];
}

/** Runs a file on its input {@link onnxInput}, uint8 `[1, 3, height, width]`, and gives all outputs by name. */
export type OnnxRun = (
  file: Uint8Array,
  feeds: Readonly<
    Record<typeof onnxInput, { readonly data: Uint8Array; readonly dims: readonly [1, 3, number, number] }>
  >,
) => Promise<Readonly<Record<string, OnnxTensorData>>>;

/**
 * Exports the model twice, as {@link toOnnx} writes it and with every stored tensor as an output, runs both on one image, and compares the tensors of the one and the image of the
 * other with the integers. The last row is the image, under the name of the output node; the contract is about it.
 *
 * @param integers a run of the same model on the same image, for example by `runModel`
 * @param options as `toOnnx` takes them
 * @throws ModelError when a run does not show a tensor at its size
 *
 * @example
 * await verifyOnnx(model, image, (tap) => runModel(model, image, { tap }), async (file, { image: { data, dims } }) => {
 *   const session = await InferenceSession.create(file);
 *   return session.run({ image: new Tensor('uint8', data, dims) });
 * });
 */
export async function verifyOnnx(
  model: IntegerModel,
  image: ImageBytes,
  integers: IntegerRun,
  run: OnnxRun,
  options: Pick<OnnxOptions, 'rounding'> = {},
): Promise<readonly LayerAgreement[]> {
  const feeds = { [onnxInput]: { data: toPlanes(image), dims: [1, 3, image.height, image.width] } } as const;
  const { bytes, shown } = toOnnx(model, { ...options, outputs: 'all' });
  const outputs = await run(bytes, feeds);
  const result = await run(toOnnx(model, options).bytes, feeds);
  const layers = new Map<string, LayerAgreement>();
  const { data } = integers((name, levels) => {
    const own = shown.find(({ tensor }) => tensor === name);
    if (own) layers.set(name, compare(name, levels, outputs[own.output], own.offset));
  });
  const missing = shown.find(({ tensor }) => !layers.has(tensor));
  if (missing) {
    throw new ModelError(
      'verifyOnnx',
      `integers must show ${missing.tensor}, got no such tensor`,
      'run the same model',
    );
  }
  const output = model.nodes.find(({ op }) => op === 'output');
  return [...layers.values(), compare(output?.name ?? 'output', data, result[onnxOutput], 0)];
}

/** NHWC to NCHW. */
function toPlanes({ data, width, height }: ImageBytes): Uint8Array {
  const area = width * height;
  const out = new Uint8Array(area * 3);
  for (let i = 0; i < area; i++) for (let c = 0; c < 3; c++) out[c * area + i] = data[i * 3 + c] as number;
  return out;
}

/** @param levels NHWC @param other NCHW, counted from `offset` */
function compare(
  tensor: string,
  levels: ArrayLike<number>,
  other: OnnxTensorData | undefined,
  offset: number,
): LayerAgreement {
  const [, channels = 0, height = 0, width = 0] = other?.dims ?? [];
  const area = height * width;
  if (!other || other.data.length !== levels.length || channels * area !== levels.length) {
    throw new ModelError(
      'verifyOnnx',
      `${tensor} must have ${levels.length} samples, got ${other ? `[${other.dims}]` : 'nothing'}`,
      'run the file on the same image',
    );
  }
  let different = 0;
  let largest = 0;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < area; i++) {
      const apart = Math.abs((other.data[c * area + i] as number) + offset - (levels[i * channels + c] as number));
      if (apart > 0) different++;
      if (apart > largest) largest = apart;
    }
  }
  return { tensor, samples: levels.length, different, largest };
}
