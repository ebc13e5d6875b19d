/**
 * ONNX export: from the integer model to a graph of quantized operations (QDQ, opset 21) that ONNX Runtime fuses to integer kernels.
 */
import type { IntegerModel, IntegerNode, PixelShuffleNode, RequantizeNode } from '@fqsr/runtime/format';
import { ModelError } from '../error.js';
import { createBuilder } from './builder.js';
import { exactRequantize } from './exact.js';
import { fitsFusedAdd, fusedAdd } from './fused-add.js';
import { fusedConv, planFusedConv } from './fused-conv.js';
import { type Exporting, type Levels, levelsOf, type OnnxRounding, type Producer, storage } from './levels.js';
import { encodeOnnx, type OnnxNode, type OnnxValue } from './proto.js';

/** INT4 came with 21. */
export const OPSET = 21;
/** Name of the graph's input: uint8 RGB, `[batch, 3, height, width]`. */
export const onnxInput = 'image';
/** Name of its output: uint8 RGB, `[batch, 3, height * scale, width * scale]`. */
export const onnxOutput = 'upscaled';

/** Where a stored tensor of the model stands in the graph: uint8, NCHW, `level = stored + offset`. */
export interface OnnxLevels {
  /** Name of the model's node. */
  readonly tensor: string;
  readonly output: string;
  readonly offset: number;
}

/** A file, and what it shows. */
export interface OnnxExport {
  readonly bytes: Uint8Array;
  /** Every stored tensor that is an output of the graph: all of them with `outputs: 'all'`, else none. The image is {@link onnxOutput} in both. */
  readonly shown: readonly OnnxLevels[];
}

export interface OnnxOptions {
  /** `image`: the upscaled image (the default); `all`: also every stored tensor, to compare layer by layer. */
  readonly outputs?: 'image' | 'all';
  /**
   * `exact` (the default): every stored level is the runtime's; a convolution is fused where float32 gives just its levels, as it mostly does up to 4 bits, and done in steps
   * elsewhere. `fused`: every convolution of mid-tread grids is fused, which is faster for 8-bit layers; single levels of these are off by one, and a deep network carries that on.
   */
  readonly rounding?: OnnxRounding;
}

/**
 * The ONNX file of an integer model. Input and output are uint8 RGB images, NCHW, of any batch and size.
 *
 * Stored tensors are uint8, counted from their lowest level; factors are the scales of the weights, all other scales are 1; weights are int8, or int4 where they fit. A
 * convolution and its requantization are `QLinearConv` in ONNX Runtime, a skip `QLinearAdd`; skips with a step for each channel, mid-rise grids and tables (tanh) are `ConvInteger`
 * or exact sums and single operations behind.
 *
 * @throws ModelError for 8-bit mid-rise weights, which fit no 8-bit type, and where anything but a convolution reads an image of several zero points
 *
 * @example
 * const { bytes } = toOnnx(parseModel(await readFile('model.fqsr')));
 * const session = await InferenceSession.create(bytes); // of onnxruntime-node or onnxruntime-web
 */
export function toOnnx(model: IntegerModel, { outputs = 'image', rounding = 'exact' }: OnnxOptions = {}): OnnxExport {
  const builder = createBuilder([onnxInput, onnxOutput]);
  const exporting: Exporting = { rounding, model, builder, levels: new Map(), shared: new Map() };
  const byName = new Map(model.nodes.map((node) => [node.name, node]));
  for (const node of model.nodes) {
    const levels = store(exporting, node, byName);
    if (levels) exporting.levels.set(node.name, levels);
  }
  const last = resultOf(exporting);
  const rename = (name: string): string => (name === last ? onnxOutput : name);
  const shown =
    outputs === 'image'
      ? []
      : [...exporting.levels]
          .map(([tensor, levels]) => ({ tensor, output: rename(levels.tensor), offset: levels.offset }))
          .filter(({ output }) => output !== onnxInput);
  const { name, scale, metadata } = model;
  const size = (factor: number) => ['batch', 3, sized('height', factor), sized('width', factor)];
  const bytes = encodeOnnx({
    name,
    doc: `${name}: fully quantized super-resolution x${scale}, uint8 RGB to uint8 RGB, NCHW`,
    opset: OPSET,
    nodes: builder.nodes.map((node) => renamed(node, rename)),
    tensors: builder.tensors,
    inputs: [{ name: onnxInput, type: 'uint8', shape: size(1), doc: 'RGB, 0..255' }],
    outputs: [
      { name: onnxOutput, type: 'uint8', shape: size(scale), doc: `RGB, 0..255, ${scale} times as high and wide` },
      ...shown.filter(({ output }) => output !== onnxOutput).map(({ tensor, output }) => shownValue(tensor, output)),
    ],
    metadata: { ...metadata, 'fqsr.name': name, 'fqsr.scale': String(scale), 'fqsr.rounding': rounding },
  });
  return { bytes, shown };
}

/** Emits what a node stores; nothing for accumulators, which their readers make. */
function store(exporting: Exporting, node: IntegerNode, byName: ReadonlyMap<string, IntegerNode>): Levels | null {
  switch (node.op) {
    case 'input':
      return { tensor: onnxInput, offset: 0, zeros: node.zeroPoint, spacing: 1, largest: 255 };
    case 'requantize': {
      const { offset, zero, high: largest } = storage(node);
      const tensor = requantize(exporting, node, byName.get(node.input) as Producer);
      return { tensor, offset, zeros: [zero], spacing: node.grid.spacing ?? 1, largest };
    }
    case 'pixelShuffle':
      return shuffle(exporting, node);
    default:
      return null;
  }
}

function requantize(exporting: Exporting, node: RequantizeNode, producer: Producer): string {
  const fused = producer.op === 'conv2d' ? planFusedConv(exporting, node, producer) : null;
  if (fused) return fusedConv(exporting, node, fused);
  if (producer.op === 'add' && fitsFusedAdd(exporting, node, producer)) return fusedAdd(exporting, node, producer);
  return exactRequantize(exporting, node, producer);
}

function shuffle(exporting: Exporting, { name, input, factor, order }: PixelShuffleNode): Levels {
  const levels = levelsOf(exporting, input);
  const attributes = { blocksize: factor, mode: order.toUpperCase() };
  return { ...levels, tensor: exporting.builder.node('DepthToSpace', name, [levels.tensor], attributes) };
}

/** The tensor that holds the result. @throws ModelError where it is the input */
function resultOf(exporting: Exporting): string {
  const output = exporting.model.nodes.find(({ op }) => op === 'output');
  const { tensor } = levelsOf(exporting, output?.op === 'output' ? output.input : '');
  if (tensor !== onnxInput) return tensor;
  throw new ModelError('toOnnx', 'output must read a layer, got the input', 'export a network');
}

function renamed(node: OnnxNode, rename: (name: string) => string): OnnxNode {
  return { ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) };
}

function shownValue(tensor: string, output: string): OnnxValue {
  return {
    name: output,
    type: 'uint8',
    shape: ['batch', ...['channels', 'height', 'width'].map((axis) => `${output} ${axis}`)],
    doc: `levels of ${tensor}`,
  };
}

function sized(size: string, factor: number): string {
  return factor === 1 ? size : `${size} * ${factor}`;
}
