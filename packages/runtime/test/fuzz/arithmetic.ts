/** Changes within the format's bounds, and at them: mostly valid models of unlikely numbers, which all backends must run alike. */
import { levelRange, packedBytes } from '@fqsr/quant-core/spec';
import type { Conv2dNode, IntegerNode, IntegerOp, RequantizeNode } from '../../src/model.js';
import type { Random } from '../models.js';
import type { Part, Parts } from './container.js';
import { pick } from './pick.js';

/** What a change works on: nodes and tensors that it may write to. */
interface Draft {
  readonly nodes: DraftNode[];
  readonly tensors: Map<string, Part>;
  readonly random: Random;
}

type DraftNode = Mutable<IntegerNode>;
type Mutable<T> = T extends IntegerNode ? { -readonly [Key in keyof T]: T[Key] } : never;

/** One or two of the changes below. */
export function arithmetic(parts: Parts, random: Random): Parts {
  const graph = JSON.parse(parts.graph) as { nodes: DraftNode[] };
  const tensors = new Map(parts.tensors.map((part) => [part.name, part]));
  for (let count = random(1, 2); count > 0; count--) pick(random, changes)({ nodes: graph.nodes, tensors, random });
  return { graph: JSON.stringify(graph), tensors: [...tensors.values()] };
}

const changes: readonly ((draft: Draft) => void)[] = [
  (draft) => {
    const { multiplier } = anyOf('requantize', draft);
    write(draft, multiplier, 'I32', lengthOf(draft, multiplier), () => multiplierOf(draft.random));
  },
  (draft) => {
    const { shift } = anyOf('requantize', draft);
    write(draft, shift, 'U8', lengthOf(draft, shift), () => shiftOf(draft.random));
  },
  // A PReLU, or other slopes.
  (draft) => {
    const node = anyOf('requantize', draft);
    const { multiplier, shift } = node.negative ?? { multiplier: `${node.name}.m`, shift: `${node.name}.s` };
    const length = node.negative ? lengthOf(draft, multiplier) : lengthOf(draft, node.multiplier);
    node.negative = { multiplier, shift };
    write(draft, multiplier, 'I32', length, () => multiplierOf(draft.random) * draft.random(-1, 1));
    write(draft, shift, 'U8', length, () => shiftOf(draft.random));
  },
  // A table, or another one.
  (draft) => {
    const node = anyOf('requantize', draft);
    const key = node.table?.levels ?? `${node.name}.t`;
    node.table = { levels: key, low: draft.random(-4096, 4096) };
    write(draft, key, 'U8', pick(draft.random, [1, 2, 4096, draft.random(1, 4096)]), () => draft.random(0, 255));
  },
  (draft) => {
    const node = anyOf('requantize', draft);
    const range = levelRange({ bits: node.grid.bits, signed: node.grid.signed, grid: 'midtread', narrow: false });
    const [a, b] = [draft.random(range.qmin, range.qmax), draft.random(range.qmin, range.qmax)];
    Object.assign(node, { qmin: Math.min(a, b), qmax: Math.max(a, b) });
  },
  // Another grid, of all nodes that share it.
  (draft) => {
    const { grid } = anyOf('requantize', draft);
    const bits = draft.random(1, 8);
    const signed = draft.random(0, 1) === 1;
    const { qmin, qmax } = levelRange({ bits, signed, grid: 'midtread', narrow: false });
    const spacing = !signed && draft.random(0, 2) === 0 ? { spacing: 2 as const } : {};
    const other = { bits, signed, zeroPoint: draft.random(qmin, qmax), ...spacing, scale: grid.scale };
    const text = JSON.stringify(grid);
    for (const node of draft.nodes) {
      if (node.op === 'requantize' && JSON.stringify(node.grid) === text)
        Object.assign(node, { grid: other, qmin, qmax });
    }
  },
  // Other weights: random ones, or all at a bound.
  (draft) => setWeights(anyOf('conv2d', draft), draft),
  (draft) => {
    const node = anyOf('conv2d', draft);
    node.weightBits = draft.random(1, 8);
    if (draft.random(0, 2) === 0) node.weightSpacing = 2;
    else delete node.weightSpacing;
    setWeights(node, draft);
  },
  (draft) => {
    const node = anyOf('conv2d', draft);
    node.kernel = [2 * draft.random(0, 7) + 1, 2 * draft.random(0, 7) + 1];
    setWeights(node, draft);
  },
  (draft) => {
    const node = anyOf('conv2d', draft);
    const reach = pick(draft.random, [0, 1000, 2 ** 24, 2 ** 30, 2 ** 31 - 2 ** 16, 2 ** 31 - 1]);
    write(draft, node.bias, 'I32', node.outChannels, () =>
      pick(draft.random, [reach, -reach, draft.random(-reach, reach)]),
    );
  },
  (draft) => {
    const zero = () => pick(draft.random, [0, 255, draft.random(0, 255)]);
    anyOf('input', draft).zeroPoint = [zero(), zero(), zero()];
  },
  (draft) => {
    anyOf('pixelShuffle', draft).order = pick(draft.random, ['dcr', 'crd']);
  },
];

function anyOf<Op extends IntegerOp>(op: Op, { nodes, random }: Draft): Extract<DraftNode, { op: Op }> {
  const isOne = (node: DraftNode): node is Extract<DraftNode, { op: Op }> => node.op === op;
  return pick(random, nodes.filter(isOne));
}

const multiplierOf = (random: Random): number => pick(random, [2 ** 30, 2 ** 31 - 1, random(2 ** 30, 2 ** 31 - 1)]);
const shiftOf = (random: Random): number => pick(random, [17, 18, 31, 32, 33, 62, random(30, 48), random(17, 62)]);

function lengthOf({ tensors }: Draft, key: RequantizeNode['multiplier']): number {
  const part = tensors.get(key);
  return part === undefined ? 1 : part.data.length / (part.dtype === 'I32' ? 4 : 1);
}

function write({ tensors }: Draft, name: string, dtype: 'I32' | 'U8', length: number, value: () => number): void {
  const values = Array.from({ length }, value);
  const data = dtype === 'U8' ? Uint8Array.from(values) : new Uint8Array(Int32Array.from(values).buffer);
  tensors.set(name, { name, dtype, shape: [length], data });
}

/** Packed weights of the node's shape and bits; what follows the last is zero. */
function setWeights({ weight, weightBits, kernel, inChannels, outChannels }: Mutable<Conv2dNode>, draft: Draft): void {
  const bits = kernel[0] * kernel[1] * inChannels * outChannels * weightBits;
  const fill = pick(draft.random, [0, 255, 0x55, -1, -1]);
  const length = packedBytes(bits, 1);
  let at = 0;
  write(draft, weight, 'U8', length, () => {
    at++;
    const byte = fill < 0 ? draft.random(0, 255) : fill;
    return at === length && bits % 8 > 0 ? byte & (2 ** (bits % 8) - 1) : byte;
  });
}
