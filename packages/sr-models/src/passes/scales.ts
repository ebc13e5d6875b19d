/** The size of weights: a network that was trained elsewhere in weights of the size that training from scratch begins with. */
import { type Conv2dNode, type Graph, type GraphOp, inputsOf } from '../graph.js';
import type { Params } from '../params.js';

/** Ops with `f(s x) = s f(x)` for every `s > 0`, whose inputs and output have one scale. */
const homogeneous: Partial<Record<GraphOp, true>> = {
  relu: true,
  prelu: true,
  add: true,
  scale: true,
  pixelShuffle: true,
};

/** Rounds, at most, and the change, in powers of two, that counts as none. */
const [ROUNDS, SETTLED] = [100_000, 1e-6];

/**
 * Parameters of the same float function, whose convolutions have root mean squares near `1 / sqrt(fan_in)`, as `initParams` gives them.
 *
 * Steps of Adam do not depend on the size of a weight. Where one layer's weights are a thousandth of another's, as in EDSR's published weights, the first layer leaps while the last
 * stands still, and fine-tuning loses the network at rates at which training from scratch is at ease. Between convolutions every feature map may be `2^t` times as large, with ReLU, PReLU, adds, scaling and
 * pixel shuffles between: the exponents are the least squares fit of `log2(rms sqrt(fan_in)) + t_out - t_in = 0` over all convolutions, rounded. Powers of two leave
 * every bit of every float mantissa as it is. Feature maps in front of or behind other ops, the image and the output keep their scale.
 *
 * @param graph a float graph
 */
export function normalizeScales(graph: Graph, params: Params): Params {
  const exponents = exponentsOf(graph, params);
  const scaled = new Map(params);
  for (const node of graph.nodes) {
    if (node.op !== 'conv2d') continue;
    const [made, read] = [exponents(node.name), exponents(node.input)];
    const times = (part: string, exponent: number) => {
      const name = `${node.name}.${part}`;
      scaled.set(
        name,
        (params.get(name) as Float32Array).map((value) => value * 2 ** exponent),
      );
    };
    times('weight', made - read);
    times('bias', made);
  }
  return scaled;
}

/** The exponent of each node's value. */
function exponentsOf(graph: Graph, params: Params): (name: string) => number {
  const spaces = spacesOf(graph);
  const convs = graph.nodes.filter((node): node is Conv2dNode => node.op === 'conv2d');
  const edges = convs.map((conv) => ({
    size: sizeOf(conv, params.get(`${conv.name}.weight`) as Float32Array),
    out: spaces.of(conv.name),
    in: spaces.of(conv.input),
  }));
  const free = new Map(
    edges
      .flatMap((edge) => [edge.in, edge.out])
      .filter((space) => !spaces.isFixed(space))
      .map((space) => [space, 0]),
  );
  const at = (space: string) => free.get(space) ?? 0;
  for (let round = 0, farthest = Number.POSITIVE_INFINITY; round < ROUNDS && farthest > SETTLED; round++) {
    farthest = 0;
    for (const space of free.keys()) {
      const wishes = edges
        .filter((edge) => edge.in !== edge.out && (edge.in === space || edge.out === space))
        .map(({ size, out, in: read }) => (out === space ? at(read) - size : at(out) + size));
      if (wishes.length === 0) continue;
      const wish = wishes.reduce((sum, value) => sum + value, 0) / wishes.length;
      farthest = Math.max(farthest, Math.abs(wish - at(space)));
      free.set(space, wish);
    }
  }
  return (name) => Math.round(at(spaces.of(name)));
}

/** `log2(rms sqrt(fan_in))`; of weights that are all zero, 0. */
function sizeOf({ kernel, inChannels }: Conv2dNode, weights: Float32Array): number {
  const mean = weights.reduce((sum, value) => sum + value ** 2, 0) / weights.length;
  return mean > 0 ? Math.log2(mean * kernel[0] * kernel[1] * inChannels) / 2 : 0;
}

/** Values that have one scale, by the name of one of them, and whether it is given. */
function spacesOf({ nodes }: Graph): {
  readonly of: (name: string) => string;
  readonly isFixed: (space: string) => boolean;
} {
  const home = new Map(nodes.map(({ name }) => [name, name]));
  const of = (name: string): string => {
    const next = home.get(name) as string;
    return next === name ? name : of(next);
  };
  for (const node of nodes) {
    if (homogeneous[node.op]) for (const input of inputsOf(node)) home.set(of(input), of(node.name));
  }
  const fixed = new Set<string>();
  for (const node of nodes) {
    if (node.op === 'conv2d' || homogeneous[node.op]) continue;
    for (const name of [node.name, ...inputsOf(node)]) fixed.add(of(name));
  }
  return { of, isFixed: (space) => fixed.has(space) };
}
