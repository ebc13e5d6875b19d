/** Changes of what a file says, its checksum made to fit. */
import type { Random } from '../models.js';
import { arithmetic } from './arithmetic.js';
import { otherText } from './byte-kinds.js';
import type { Part, Parts } from './container.js';
import { anyValue, names, numbers, pick, placesOf } from './pick.js';

/** @param other the parts of another valid file */
export type PartKind = (parts: Parts, random: Random, other: Parts) => Parts;

/** A change of the graph as a JSON value; what `change` returns takes its place. */
function graphKind(
  change: (graph: { nodes: Record<string, unknown>[] }, random: Random, other: Parts) => unknown,
): PartKind {
  return (parts, random, other) => ({
    ...parts,
    graph: JSON.stringify(change(JSON.parse(parts.graph), random, other) ?? null),
  });
}

/** A change of one tensor. */
function tensorKind(change: (part: Part, random: Random) => Part): PartKind {
  return (parts, random) => {
    const at = random(0, parts.tensors.length - 1);
    return { ...parts, tensors: parts.tensors.map((part, i) => (i === at ? change(part, random) : part)) };
  };
}

/** A number near another, or at a bound. */
function otherNumber(value: number, random: Random): number {
  return pick(random, [
    value + 1,
    value - 1,
    value + random(-9, 9),
    -value,
    value * 2,
    value / 2,
    pick(random, numbers),
  ]);
}

export const partKinds = {
  "graph's text": (parts, random) => ({ ...parts, graph: otherText(parts.graph, random) }),
  'any value': graphKind((graph, random) => {
    const [place, key] = pick(random, placesOf(graph));
    Reflect.set(place, key, anyValue(random));
    return graph;
  }),
  'a number': graphKind((graph, random) => {
    const places = placesOf(graph).filter(([place, key]) => typeof Reflect.get(place, key) === 'number');
    const [place, key] = pick(random, places);
    Reflect.set(place, key, otherNumber(Number(Reflect.get(place, key)), random));
    return graph;
  }),
  'a name': graphKind((graph, random) => {
    const strings = placesOf(graph.nodes).filter(([place, key]) => typeof Reflect.get(place, key) === 'string');
    const [place, key] = pick(random, strings);
    const [from, field] = pick(random, strings);
    Reflect.set(place, key, random(0, 3) ? Reflect.get(from, field) : pick(random, names));
    return graph;
  }),
  'a name everywhere': (parts, random) => {
    const { nodes } = JSON.parse(parts.graph) as { nodes: { name: string }[] };
    const old = pick(random, [...nodes, ...parts.tensors]).name;
    const name = pick(random, names);
    return {
      graph: parts.graph.replaceAll(JSON.stringify(old), () => JSON.stringify(name)),
      tensors: parts.tensors.map((part) => (part.name === old ? { ...part, name } : part)),
    };
  },
  'a field more or less': graphKind((graph, random) => {
    const [place, key] = pick(random, placesOf(graph));
    if (random(0, 1)) Reflect.deleteProperty(place, key);
    else
      Object.defineProperty(place, pick(random, [...names, 'stride', 'table', 'negative', 'spacing']), {
        value: anyValue(random),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    return graph;
  }),
  nodes: graphKind((graph, random, other) => {
    const { nodes } = graph;
    const at = random(0, nodes.length - 1);
    const foreign = JSON.parse(other.graph) as typeof graph;
    const moves = [
      () => nodes.splice(at, 1),
      () => nodes.splice(at, 0, nodes[at] as Record<string, unknown>),
      () => nodes.splice(random(0, nodes.length - 1), 0, ...nodes.splice(at, 1)),
      () => nodes.splice(at, 1, pick(random, foreign.nodes)),
      () => nodes.splice(at, 0, pick(random, foreign.nodes)),
      () => nodes.reverse(),
      () => nodes.splice(0, at),
      () => Object.assign(graph, { nodes: foreign.nodes }),
    ];
    pick(random, moves)();
    return graph;
  }),
  'values of a tensor': tensorKind((part, random) => {
    const data = part.data.slice();
    const view = new DataView(data.buffer);
    for (let count = random(1, 4); count > 0 && data.length > 0; count--) {
      if (part.dtype === 'I32') {
        const value = pick(random, [
          0,
          1,
          -1,
          2 ** 30,
          2 ** 30 - 1,
          2 ** 31 - 1,
          -(2 ** 31),
          1 - 2 ** 31,
          random(-(2 ** 31), 2 ** 31 - 1),
        ]);
        view.setInt32(4 * random(0, data.length / 4 - 1), value, true);
      } else data[random(0, data.length - 1)] = pick(random, [0, 16, 17, 62, 63, 127, 128, 255, random(0, 255)]);
    }
    return { ...part, data };
  }),
  'shape of a tensor': tensorKind((part, random) => {
    const length = pick(random, [
      0,
      1,
      part.data.length - 1,
      part.data.length + 1,
      part.data.length + 4,
      part.data.length - 4,
      2 * part.data.length,
    ]);
    const data = new Uint8Array(Math.max(0, length));
    data.set(part.data.subarray(0, data.length));
    const size = data.length / (part.dtype === 'I32' ? 4 : 1);
    const shape = pick(random, [[size], [size], [size, 1], [1, size], [], part.shape]);
    return { ...part, data, shape };
  }),
  'type of a tensor': tensorKind((part, random) => {
    const bytes = { F64: 8, I64: 8, F32: 4, I32: 4, U8: 1, I8: 1, BF16: 2 };
    const dtype = pick(random, Object.keys(bytes) as (keyof typeof bytes)[]);
    return { ...part, dtype, shape: [part.data.length / bytes[dtype]] };
  }),
  tensors: (parts, random, other) => {
    const { tensors } = parts;
    const [a, b] = [random(0, tensors.length - 1), random(0, tensors.length - 1)];
    const one = tensors[a] as Part;
    const two = tensors[b] as Part;
    const changes = [
      () => tensors.filter((_, i) => i !== a),
      () => [...tensors, { ...one, name: 'more' }],
      () => [...tensors, one],
      () => tensors.map((part, i) => (i === a ? { ...two, name: one.name } : part)),
      () =>
        tensors.map((part, i) => (i === a ? { ...two, name: one.name } : i === b ? { ...one, name: two.name } : part)),
      () => tensors.map((part, i) => (i === a ? { ...pick(random, other.tensors), name: one.name } : part)),
      () => tensors.toReversed(),
      () => [],
    ];
    return { ...parts, tensors: pick(random, changes)() };
  },
  arithmetic,
} as const satisfies Readonly<Record<string, PartKind>>;
