/** From parsed JSON to typed nodes: every field present, of its type and in its range, and none unknown. What nodes say to each other is `validate.ts`. */
import { type Refuse, show } from './error.js';
import { limits } from './limits.js';
import type { FactorKeys, IntegerModel, IntegerNode, IntegerOp, LevelGrid, LookupTable } from './model.js';

/** The model without its tensors. */
export type Graph = Omit<IntegerModel, 'tensors'>;

/**
 * The graph in `value`, checked field by field.
 *
 * @param known further keys that `value` may have
 * @throws FormatError through `refuse`
 */
export function readGraph(value: unknown, refuse: Refuse, known: readonly string[]): Graph {
  const graph = fieldsOf(value, '', refuse);
  for (const key of known) graph.allow(key);
  const name = graph.text('name');
  const scale = graph.integer('scale', 1, limits.scale);
  const nodes = graph.list('nodes', 2, limits.nodes).map((node, i) => readNode(node, `nodes[${i}]`, refuse));
  const metadata = graph.strings('metadata');
  graph.close();
  checkWeightCount(nodes, refuse);
  return { name, scale, nodes, metadata };
}

/** Here, before anything that takes time or memory in proportion to the weights. */
function checkWeightCount(nodes: readonly IntegerNode[], refuse: Refuse): void {
  let count = 0;
  for (const node of nodes) {
    if (node.op === 'conv2d') count += node.kernel[0] * node.kernel[1] * node.inChannels * node.outChannels;
  }
  if (count > limits.weights) {
    refuse('nodes', `convolutions of at most ${limits.weights} weights in all`, count, 'export a smaller model');
  }
}

function readNode(value: unknown, path: string, refuse: Refuse): IntegerNode {
  const fields = fieldsOf(value, path, refuse);
  const op = fields.oneOf('op', Object.keys(readers) as IntegerOp[]);
  const node = readers[op](fields, fields.text('name'));
  fields.close();
  return node;
}

const readers: { readonly [Op in IntegerOp]: (fields: Fields, name: string) => Extract<IntegerNode, { op: Op }> } = {
  input: (fields, name) => ({
    op: 'input',
    name,
    channels: fields.integer('channels', 3, 3),
    zeroPoint: fields.integers('zeroPoint', 3, 0, 255),
  }),
  conv2d: (fields, name) => ({
    op: 'conv2d',
    name,
    input: fields.text('input'),
    kernel: readKernel(fields),
    inChannels: fields.integer('inChannels', 1, limits.channels),
    outChannels: fields.integer('outChannels', 1, limits.channels),
    weight: fields.text('weight'),
    weightBits: fields.integer('weightBits', 1, 8),
    ...(fields.has('weightSpacing') ? { weightSpacing: readSpacing(fields, 'weightSpacing') } : {}),
    ...(fields.has('padding') ? { padding: fields.oneOf('padding', ['edge']) } : {}),
    bias: fields.text('bias'),
  }),
  requantize: (fields, name) => ({
    op: 'requantize',
    name,
    input: fields.text('input'),
    multiplier: fields.text('multiplier'),
    shift: fields.text('shift'),
    ...(fields.has('negative') ? { negative: readFactor(fields.inner('negative')) } : {}),
    ...(fields.has('table') ? { table: readTable(fields.inner('table')) } : {}),
    grid: readGrid(fields.inner('grid')),
    qmin: fields.integer('qmin', -128, 255),
    qmax: fields.integer('qmax', -128, 255),
  }),
  add: (fields, name) => {
    const [a, b] = fields.list('inputs', 2, 2);
    const { asText, path } = fields;
    return { op: 'add', name, inputs: [asText(a, `${path}.inputs[0]`), asText(b, `${path}.inputs[1]`)] };
  },
  pixelShuffle: (fields, name) => ({
    op: 'pixelShuffle',
    name,
    input: fields.text('input'),
    factor: fields.integer('factor', 2, limits.factor),
    order: fields.oneOf('order', ['dcr', 'crd']),
  }),
  output: (fields, name) => ({ op: 'output', name, input: fields.text('input') }),
};

function readKernel(fields: Fields): readonly [number, number] {
  const kernel = fields.integers('kernel', 2, 1, limits.kernel);
  const [height = 0, width = 0] = kernel;
  if (height % 2 === 0 || width % 2 === 0) fields.refuse(`${fields.path}.kernel`, 'two odd sizes', kernel);
  return [height, width];
}

function readFactor(fields: Fields): FactorKeys {
  const keys = { multiplier: fields.text('multiplier'), shift: fields.text('shift') };
  fields.close();
  return keys;
}

function readTable(fields: Fields): LookupTable {
  const table = { levels: fields.text('levels'), low: fields.integer('low', -limits.table, limits.table) };
  fields.close();
  return table;
}

function readGrid(fields: Fields): LevelGrid {
  const bits = fields.integer('bits', 1, 8);
  const signed = fields.flag('signed');
  const zeroPoint = fields.integer('zeroPoint', -128, 255);
  const spacing = fields.has('spacing') ? { spacing: readSpacing(fields, 'spacing') } : {};
  const scale = fields.steps('scale');
  fields.close();
  return { bits, signed, zeroPoint, ...spacing, scale };
}

/** 2: spacing 1 is what an absent field says. */
function readSpacing(fields: Fields, key: string): 2 {
  fields.integer(key, 2, 2);
  return 2;
}

type Fields = ReturnType<typeof fieldsOf>;

/** Typed access to the fields of an object; `close` refuses those that nobody asked for. */
function fieldsOf(value: unknown, path: string, refuse: Refuse) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse(path || 'model', 'an object', value);
  }
  const record = new Map<string, unknown>(Object.entries(value));
  const seen = new Set<string>();
  const at = (key: string) => (path ? `${path}.${key}` : key);
  /** A key that the file chose. */
  const foreign = (place: string, key: string) =>
    /^\w{1,64}$/.test(key) ? (place ? `${place}.${key}` : key) : `${place}[${show(key)}]`;
  const get = (key: string) => {
    seen.add(key);
    return record.get(key);
  };
  const isInteger = (item: unknown, low: number, high: number): item is number =>
    typeof item === 'number' && Number.isInteger(item) && item >= low && item <= high;
  const asText = (item: unknown, place: string): string => {
    if (typeof item === 'string' && item.length > 0 && item.length <= limits.name) return item;
    return refuse(place, `a string of 1 to ${limits.name} characters`, item);
  };
  const list = (key: string, low: number, high: number): readonly unknown[] => {
    const items = get(key);
    if (!Array.isArray(items)) return refuse(at(key), 'an array', items);
    if (items.length < low || items.length > high) {
      return refuse(at(key), `an array of ${low === high ? low : `${low} to ${high}`} items`, `${items.length} items`);
    }
    // Spread, since `map` would pass over the holes of a sparse array.
    return [...items];
  };
  return {
    path,
    refuse,
    list,
    has: (key: string) => record.has(key),
    allow: (key: string) => void seen.add(key),
    asText,
    text: (key: string): string => asText(get(key), at(key)),
    integer(key: string, low: number, high: number): number {
      const item = get(key);
      // Plus 0: -0 becomes 0.
      if (isInteger(item, low, high)) return item + 0;
      return refuse(at(key), low === high ? `${low}` : `an integer from ${low} to ${high}`, item);
    },
    integers(key: string, count: number, low: number, high: number): readonly number[] {
      return list(key, count, count).map((item, i) =>
        isInteger(item, low, high) ? item + 0 : refuse(`${at(key)}[${i}]`, `an integer from ${low} to ${high}`, item),
      );
    },
    steps(key: string): number | readonly number[] {
      const item = get(key);
      const isStep = (value: unknown): value is number =>
        typeof value === 'number' && value > 0 && Number.isFinite(value);
      if (isStep(item) || (Array.isArray(item) && item.length > 0 && item.every(isStep))) return item;
      return refuse(at(key), 'a finite number above 0, or one for each channel', item);
    },
    flag(key: string): boolean {
      const item = get(key);
      return typeof item === 'boolean' ? item : refuse(at(key), 'true or false', item);
    },
    oneOf<const T extends string>(key: string, choices: readonly T[]): T {
      const item = get(key);
      return choices.find((choice) => choice === item) ?? refuse(at(key), `one of ${choices.join(', ')}`, item);
    },
    strings(key: string): Readonly<Record<string, string>> {
      const item = get(key);
      if (typeof item !== 'object' || item === null || Array.isArray(item)) {
        return refuse(at(key), 'an object of strings', item);
      }
      return Object.fromEntries(
        Object.entries(item).map(([name, text]) =>
          typeof text === 'string' ? [name, text] : refuse(foreign(at(key), name), 'a string', text),
        ),
      );
    },
    inner: (key: string) => fieldsOf(get(key), at(key), refuse),
    close(): void {
      for (const key of record.keys()) if (!seen.has(key)) refuse(foreign(path, key), 'absent', 'an unknown field');
    },
  };
}
