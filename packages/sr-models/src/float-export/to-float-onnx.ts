/** ONNX export of a float network, in plain float32 operations. */

import type { Graph } from '../graph.js';
import { type Builder, createBuilder } from '../onnx/builder.js';
import { encodeOnnx } from '../onnx/proto.js';
import { OPSET, onnxInput, onnxOutput } from '../onnx/to-onnx.js';
import { checkParams, type Params } from '../params.js';
import { type Shape, shapes } from '../passes/shapes.js';
import { dispatchFloat, type FloatTable, floatNodes } from './float-network.js';
import { enlargement, slopesOf, toOihw } from './layout.js';

interface Exporting {
  readonly builder: Builder;
  readonly params: Params;
  readonly shapeOf: ReadonlyMap<string, Shape>;
  /** The tensor that holds a node's value. */
  readonly of: (name: string) => string;
}

const rules: FloatTable<[Exporting], string> = {
  input: ({ zeroPoint }, { builder }) =>
    builder.node('Sub', 'centred', [
      onnxInput,
      builder.constant('mean', 'float', [1, zeroPoint.length, 1, 1], zeroPoint),
    ]),
  conv2d: ({ name, input, kernel, inChannels, outChannels }, { builder, params, of }) => {
    const weight = toOihw(params.get(`${name}.weight`) as Float32Array, kernel[0] * kernel[1], inChannels, outChannels);
    const operands = [
      of(input),
      builder.constant(`${name}.weight`, 'float', [outChannels, inChannels, ...kernel], weight),
      builder.constant(`${name}.bias`, 'float', [outChannels], params.get(`${name}.bias`) as Float32Array),
    ];
    const [top, left] = [(kernel[0] - 1) / 2, (kernel[1] - 1) / 2];
    return builder.node('Conv', name, operands, { kernel_shape: kernel, pads: [top, left, top, left] });
  },
  bilinear: (node, { builder, of }) => {
    const { name, input, channels } = node;
    const { outChannels, weights, biases } = enlargement(node);
    const around = builder.constant(`${name}.around`, 'int64', [8], [0, 0, 1, 1, 0, 0, 1, 1]);
    const operands = [
      builder.node('Pad', `${name}.padded`, [of(input), around], { mode: 'edge' }),
      builder.constant(
        `${name}.weight`,
        'float',
        [outChannels, channels, 3, 3],
        toOihw(weights, 9, channels, outChannels),
      ),
      builder.constant(`${name}.bias`, 'float', [outChannels], biases),
    ];
    return builder.node('Conv', name, operands, { kernel_shape: [3, 3] });
  },
  relu: ({ name, input }, { builder, of }) => builder.node('Relu', name, [of(input)]),
  prelu: (node, { builder, params, shapeOf, of }) => {
    const slopes = slopesOf(node, params, shapeOf);
    const slope = builder.constant(`${node.name}.slope`, 'float', [slopes.length, 1, 1], slopes);
    return builder.node('PRelu', node.name, [of(node.input), slope]);
  },
  tanh: ({ name, input, gain, offset }, { builder, of }) => {
    const curve = builder.node('Tanh', `${name}.curve`, [of(input)]);
    const wide = builder.node('Mul', `${name}.wide`, [curve, builder.scalar('float', gain)]);
    return builder.node('Add', name, [wide, builder.scalar('float', offset)]);
  },
  add: ({ name, inputs }, { builder, of }) => builder.node('Add', name, inputs.map(of)),
  scale: ({ name, input, factor }, { builder, of }) =>
    builder.node('Mul', name, [of(input), builder.scalar('float', factor)]),
  pixelShuffle: ({ name, input, factor, order }, { builder, of }) =>
    builder.node('DepthToSpace', name, [of(input)], { blocksize: factor, mode: order.toUpperCase() }),
  output: ({ input }, { builder, of }) => builder.node('Identity', onnxOutput, [of(input)]),
};

/**
 * The ONNX file of a float network: opset 21, float32 throughout. Input `image`: RGB in grey levels 0..255, `[batch, 3, height, width]`, all sizes but the channels free; output
 * `upscaled`: the same, `scale` times as high and wide, not clamped and not rounded.
 *
 * @param graph a float graph without batch normalisation, as `floatNetwork` gives it
 * @throws ModelError for another graph, or parameters of another graph
 *
 * @example
 * const { graph, params } = floatNetwork(graphOf(checkpoint), checkpoint.params);
 * const session = await InferenceSession.create(toFloatOnnx(graph, params)); // of onnxruntime-node or onnxruntime-web
 */
export function toFloatOnnx(graph: Graph, params: Params): Uint8Array {
  checkParams(graph, params);
  const builder = createBuilder([onnxInput]);
  const values = new Map<string, string>();
  const shapeOf = shapes(graph);
  const exporting: Exporting = { builder, params, shapeOf, of: (name) => values.get(name) as string };
  for (const node of floatNodes(graph, 'toFloatOnnx')) values.set(node.name, dispatchFloat(rules, node, exporting));
  const { name, scale } = graph;
  const size = (factor: number): readonly (number | string)[] => [
    'batch',
    3,
    ...['height', 'width'].map((axis) => (factor === 1 ? axis : `${axis} * ${factor}`)),
  ];
  return encodeOnnx({
    name,
    doc: `${name}: float super-resolution x${scale}, RGB in grey levels, NCHW`,
    opset: OPSET,
    nodes: builder.nodes,
    tensors: builder.tensors,
    inputs: [{ name: onnxInput, type: 'float', shape: size(1), doc: 'RGB, 0..255' }],
    outputs: [
      { name: onnxOutput, type: 'float', shape: size(scale), doc: `RGB, not clamped, ${scale} times as high and wide` },
    ],
    metadata: { 'fqsr.name': name, 'fqsr.scale': String(scale) },
  });
}
