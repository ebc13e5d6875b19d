/** The shape pass: channels and relative resolution of every node's value. */
import { dispatch, type Graph, type OpTable } from '../graph.js';
import { bilinearChannels } from './bilinear.js';

/** Size of a value, relative to the low-resolution input. */
export interface Shape {
  readonly channels: number;
  /** Width and height in units of the input's. */
  readonly factor: number;
}

const rules: OpTable<[(name: string) => Shape], Shape> = {
  input: ({ channels }) => ({ channels, factor: 1 }),
  conv2d: ({ input, outChannels }, of) => ({ ...of(input), channels: outChannels }),
  relu: ({ input }, of) => of(input),
  prelu: ({ input }, of) => of(input),
  batchNorm: ({ input }, of) => of(input),
  tanh: ({ input }, of) => of(input),
  add: ({ inputs }, of) => of(inputs[0]),
  scale: ({ input }, of) => of(input),
  quantize: ({ input }, of) => of(input),
  pixelShuffle: ({ input, factor }, of) => {
    const from = of(input);
    return { channels: from.channels / (factor * factor), factor: from.factor * factor };
  },
  bilinear: (node, of) => ({ ...of(node.input), channels: bilinearChannels(node) }),
  output: ({ input }, of) => of(input),
};

/** Shapes by node name. */
export function shapes(graph: Graph): ReadonlyMap<string, Shape> {
  const known = new Map<string, Shape>();
  for (const node of graph.nodes)
    known.set(
      node.name,
      dispatch(rules, node, (name) => known.get(name) as Shape),
    );
  return known;
}
