/**
 * TensorFlow.js export of a float network: a graph model (`model.json` and `weights.bin`) in the operations that TensorFlow's converter writes, convolutions fused with
 * their bias and ReLU as there.
 */
import { type Graph, type GraphNode, inputsOf } from '../graph.js';
import { checkParams, type Params } from '../params.js';
import { type Shape, shapes } from '../passes/shapes.js';
import { dispatchFloat, type FloatTable, floatNodes } from './float-network.js';
import { enlargement, slopesOf } from './layout.js';

/** Name of the graph's input: float32 RGB in grey levels, `[batch, height, width, 3]`. */
export const tfjsInput = 'image';
/** Name of its output: the same, `scale` times as high and wide. */
export const tfjsOutput = 'upscaled';

/** The two files of a graph model, by name: `model.json` names `weights.bin` beside it. */
export interface TfjsExport {
  readonly 'model.json': Uint8Array;
  readonly 'weights.bin': Uint8Array;
}

/** An attribute of TensorFlow's NodeDef as JSON; `s` is base64. */
type Attribute =
  | { readonly s: string }
  | { readonly i: string }
  | { readonly f: number }
  | { readonly type: 'DT_FLOAT' }
  | { readonly shape: TensorShape }
  | { readonly list: { readonly i: readonly string[] } | { readonly s: readonly string[] } }
  | { readonly tensor: { readonly dtype: 'DT_FLOAT'; readonly tensorShape: TensorShape } };

interface TensorShape {
  readonly dim: readonly { readonly size: string }[];
}

interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr: Readonly<Record<string, Attribute>>;
}

interface Constant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

interface Exporting {
  readonly params: Params;
  readonly shapeOf: ReadonlyMap<string, Shape>;
  /** The tensor that holds a node's value. */
  readonly of: (name: string) => string;
  /** The ReLU that is fused into a convolution: its only reader. */
  readonly reluBehind: (name: string) => string | null;
  /** Adds an operation. @returns its name */
  readonly node: (op: string, name: string, input: readonly string[], attr?: NodeDef['attr']) => string;
  /** Adds a constant. @returns its name */
  readonly constant: (name: string, shape: readonly number[], values: ArrayLike<number>) => string;
}

const text = (value: string) => btoa(value);
const float = { type: 'DT_FLOAT' } as const;
const shapeAttribute = (dims: readonly number[]): TensorShape => ({
  dim: dims.map((size) => ({ size: String(size) })),
});

/** The attributes of a convolution that is fused with its bias, and with a ReLU or none. */
const convolution = (padding: 'SAME' | 'VALID', hasRelu: boolean): NodeDef['attr'] => ({
  num_args: { i: '1' },
  fused_ops: { list: { s: ['BiasAdd', ...(hasRelu ? ['Relu'] : [])].map(text) } },
  strides: { list: { i: ['1', '1', '1', '1'] } },
  dilations: { list: { i: ['1', '1', '1', '1'] } },
  padding: { s: text(padding) },
  data_format: { s: text('NHWC') },
});

const rules: FloatTable<[Exporting], string> = {
  input: ({ zeroPoint }, { node, constant }) => {
    const dims = [-1, -1, -1, zeroPoint.length];
    const image = node('Placeholder', tfjsInput, [], { dtype: float, shape: { shape: shapeAttribute(dims) } });
    return node('Sub', 'centred', [image, constant('mean', [zeroPoint.length], zeroPoint)]);
  },
  conv2d: ({ name, input, kernel, inChannels, outChannels }, { params, of, node, constant, reluBehind }) => {
    const operands = [
      of(input),
      constant(`${name}/weight`, [...kernel, inChannels, outChannels], params.get(`${name}.weight`) as Float32Array),
      constant(`${name}/bias`, [outChannels], params.get(`${name}.bias`) as Float32Array),
    ];
    const relu = reluBehind(name);
    return node('_FusedConv2D', relu ?? name, operands, convolution('SAME', relu !== null));
  },
  bilinear: (own, { of, node, constant }) => {
    const { name, input, channels } = own;
    const { outChannels, weights, biases } = enlargement(own);
    const around = constant(`${name}/around`, [4, 2], [0, 0, 1, 1, 1, 1, 0, 0]);
    // With one pixel around, symmetric is the edge repeated.
    const padded = node('MirrorPad', `${name}/padded`, [of(input), around], { mode: { s: text('SYMMETRIC') } });
    const operands = [
      padded,
      constant(`${name}/weight`, [3, 3, channels, outChannels], weights),
      constant(`${name}/bias`, [outChannels], biases),
    ];
    return node('_FusedConv2D', name, operands, convolution('VALID', false));
  },
  relu: ({ name, input }, { of, node, reluBehind }) =>
    reluBehind(input) === name ? of(input) : node('Relu', name, [of(input)]),
  prelu: (own, { params, shapeOf, of, node, constant }) => {
    const slopes = slopesOf(own, params, shapeOf);
    return node('Prelu', own.name, [of(own.input), constant(`${own.name}/slope`, [1, 1, 1, slopes.length], slopes)]);
  },
  tanh: ({ name, input, gain, offset }, { of, node, constant }) => {
    const curve = node('Tanh', `${name}/curve`, [of(input)]);
    const wide = node('Mul', `${name}/wide`, [curve, constant(`${name}/gain`, [], [gain])]);
    return node('AddV2', name, [wide, constant(`${name}/offset`, [], [offset])]);
  },
  add: ({ name, inputs }, { of, node }) => node('AddV2', name, inputs.map(of)),
  scale: ({ name, input, factor }, { of, node, constant }) =>
    node('Mul', name, [of(input), constant(`${name}/factor`, [], [factor])]),
  pixelShuffle: ({ name, input, factor }, { of, node }) =>
    node('DepthToSpace', name, [of(input)], { block_size: { i: String(factor) }, data_format: { s: text('NHWC') } }),
  output: ({ input }, { of, node }) => node('Identity', tfjsOutput, [of(input)]),
};

/**
 * The files of a float network for `tf.loadGraphModel`, which needs no package of ours. Input and output are RGB in grey levels 0..255, `[batch, height, width, 3]`, of any size; the
 * output is not clamped and not rounded.
 *
 * @param graph a float graph without batch normalisation, as `floatNetwork` gives it
 * @throws ModelError for another graph, or parameters of another graph
 *
 * @example
 * const files = toTfjs(graph, params); // 'model.json' and 'weights.bin', to be written into one folder
 * const model = await tf.loadGraphModel('https://HOST/FOLDER/model.json');
 * const upscaled = model.predict(tf.fill([1, 24, 24, 3], 90)); // [1, 96, 96, 3]
 */
export function toTfjs(graph: Graph, params: Params): TfjsExport {
  checkParams(graph, params);
  const nodes: NodeDef[] = [];
  const constants: Constant[] = [];
  const values = new Map<string, string>();
  const exporting: Exporting = {
    params,
    shapeOf: shapes(graph),
    of: (name) => values.get(name) as string,
    reluBehind: (name) => onlyRelu(graph, name),
    node: (op, name, input, attr = {}) => {
      nodes.push({ name, op, ...(input.length > 0 ? { input } : {}), attr: { T: float, ...attr } });
      return name;
    },
    constant: (name, shape, numbers) => {
      const tensor = { dtype: 'DT_FLOAT', tensorShape: shapeAttribute(shape) } as const;
      nodes.push({ name, op: 'Const', attr: { dtype: float, value: { tensor } } });
      constants.push({ name, shape, values: Float32Array.from(numbers) });
      return name;
    },
  };
  for (const node of floatNodes(graph, 'toTfjs')) values.set(node.name, dispatchFloat(rules, node, exporting));
  return { 'model.json': modelJson(graph, nodes, constants), 'weights.bin': concat(constants) };
}

function modelJson({ name, scale }: Graph, nodes: readonly NodeDef[], constants: readonly Constant[]): Uint8Array {
  const value = (tensor: string) => ({
    [tensor]: { name: `${tensor}:0`, dtype: 'DT_FLOAT', tensorShape: shapeAttribute([-1, -1, -1, 3]) },
  });
  const weights = constants.map((constant) => ({ name: constant.name, shape: constant.shape, dtype: 'float32' }));
  const model = {
    format: 'graph-model',
    generatedBy: 'fqsr',
    convertedBy: null,
    signature: { inputs: value(tfjsInput), outputs: value(tfjsOutput) },
    userDefinedMetadata: { name, scale },
    modelTopology: { node: nodes, library: {}, versions: { producer: 1 } },
    weightsManifest: [{ paths: ['weights.bin'], weights }],
  };
  return new TextEncoder().encode(JSON.stringify(model));
}

/** Little endian, one after another. */
function concat(constants: readonly Constant[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * constants.reduce((sum, { values }) => sum + values.length, 0)));
  let at = 0;
  for (const { values } of constants) {
    for (const value of values) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  }
  return new Uint8Array(view.buffer);
}

/** The name of a ReLU that is the only reader of a convolution. */
function onlyRelu({ nodes }: Graph, name: string): string | null {
  const isConv = nodes.some((node) => node.name === name && node.op === 'conv2d');
  const readers = nodes.filter((node: GraphNode) => inputsOf(node).includes(name));
  return isConv && readers.length === 1 && readers[0]?.op === 'relu' ? readers[0].name : null;
}
