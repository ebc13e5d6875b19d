/** Short files that would make a reader allocate or compute without bound, if nothing bounded it. */
import type { IntegerNode } from '../../src/model.js';
import { levels, type Random } from '../models.js';
import { fileOf, type Part, withHeader } from './container.js';
import { pick } from './pick.js';

const part = (name: string, data: Uint8Array | Int32Array): Part => ({
  name,
  dtype: data instanceof Int32Array ? 'I32' : 'U8',
  shape: [data.length],
  data: new Uint8Array(data.buffer),
});

const image = levels(8, false, 0, 1);
const factor = [part('m', Int32Array.of(2 ** 30)), part('s', Uint8Array.of(40))];
const requantize = (name: string, input: string): IntegerNode => ({
  op: 'requantize',
  name,
  input,
  multiplier: 'm',
  shift: 's',
  grid: image,
  qmin: 0,
  qmax: 255,
});

function model(nodes: readonly IntegerNode[], tensors: readonly Part[], scale = 1): Uint8Array {
  const input: IntegerNode = { op: 'input', name: 'image', channels: 3, zeroPoint: [0, 0, 0] };
  const all = [input, ...nodes, { op: 'output', name: 'result', input: nodes.at(-1)?.name ?? 'image' }];
  const graph = { format: 'fqsr', version: 1, name: 'bomb', scale, rounding: 'half-up', nodes: all, metadata: {} };
  return fileOf({ graph: JSON.stringify(graph), tensors });
}

const conv = (
  name: string,
  input: string,
  inChannels: number,
  outChannels: number,
  size: number,
  weight: string,
): IntegerNode => ({
  op: 'conv2d',
  name,
  input,
  kernel: [size, size],
  inChannels,
  outChannels,
  weight,
  weightBits: 1,
  bias: `b${outChannels}`,
});

const packed = (inChannels: number, outChannels: number, size: number) =>
  new Uint8Array(Math.ceil((inChannels * outChannels * size * size) / 8));

export const bombs: readonly ((random: Random) => Uint8Array)[] = [
  // Many nodes.
  (random) => {
    const count = random(0, 9) === 0 ? 2047 : pick(random, [10, 50, 2048, 4000]);
    const nodes = Array.from({ length: count }, (_, i): readonly IntegerNode[] => {
      const before = i === 0 ? 'image' : `q${i - 1}`;
      return [{ op: 'add', name: `a${i}`, inputs: [before, before] }, requantize(`q${i}`, `a${i}`)];
    });
    return model(nodes.flat(), factor);
  },
  // Many convolutions that share one tensor of narrow weights: 37 thousand in 5 kB.
  (random) => {
    const count = pick(random, [1, 3, 1900, 2040]);
    const body = Array.from({ length: count }, (_, i) => [
      conv(`c${i}`, i ? `q${i - 1}` : 'h', 64, 64, 3, 'w'),
      requantize(`q${i}`, `c${i}`),
    ]);
    const nodes = [conv('head', 'image', 3, 64, 1, 'wh'), requantize('h', 'head'), ...body.flat()];
    const tail = [conv('tail', `q${count - 1}`, 64, 3, 1, 'wt'), requantize('t', 'tail')];
    return model(
      [...nodes, ...tail],
      [
        ...factor,
        part('w', packed(64, 64, 3)),
        part('wh', packed(3, 64, 1)),
        part('wt', packed(64, 3, 1)),
        part('b64', new Int32Array(64)),
        part('b3', new Int32Array(3)),
      ],
    );
  },
  // Large claims, few bytes.
  (random) => {
    const size = pick(random, [1, 3, 15, 17]);
    const channels = pick(random, [1024, 1025, 2 ** 31]);
    const nodes = [
      conv('head', 'image', 3, channels, size, 'wh'),
      requantize('h', 'head'),
      conv('c', 'h', channels, channels, size, 'w'),
      requantize('q', 'c'),
    ];
    return model(nodes, [
      ...factor,
      part('w', packed(1, 1, 1)),
      part('wh', packed(3, 1024, 1)),
      part(`b${channels}`, new Int32Array(1024)),
    ]);
  },
  // Upscaling without end.
  (random) => {
    const count = random(1, 6);
    const nodes = Array.from({ length: count }, (_, i): readonly IntegerNode[] => [
      conv(`c${i}`, i ? `p${i - 1}` : 'image', 3, 12, 1, 'w'),
      requantize(`q${i}`, `c${i}`),
      { op: 'pixelShuffle', name: `p${i}`, input: `q${i}`, factor: 2, order: 'crd' },
    ]);
    return model(nodes.flat(), [...factor, part('w', packed(3, 12, 1)), part('b12', new Int32Array(12))], 2 ** count);
  },
  // Headers that grow in memory.
  (random) => {
    const length = random(0, 40) === 0 ? 2 ** 24 - 8 : random(1, 200_000);
    const fill = (piece: string) => piece.repeat(Math.floor(length / piece.length));
    const texts = [
      () => `{"a":[${fill('[],')}[]]}`,
      () => `{"a":[${fill('{},')}{}]}`,
      () => `{"a":${fill('[')}}`,
      () => `{"a":${fill('{"a":')}}`,
      () => `{${Array.from({ length: length / 16 }, (_, i) => `"${i}":0,`).join('')}"a":0}`,
      () => `{"__metadata__":{${Array.from({ length: length / 16 }, (_, i) => `"${i}":"",`).join('')}"a":""}}`,
      () => `{"a":{"dtype":"U8","shape":[${fill('1,')}1],"data_offsets":[0,1]}}`,
      () => `{"${fill('x')}":{"dtype":"U8","shape":[2],"data_offsets":[0,1]}}`,
      () => `{"a":"${fill('\\u0041')}"}`,
      () => `{"a":${fill('9')}}`,
      () => `{"a":{"dtype":"${fill('U8')}"}}`,
      () => `{${fill(' ')}}`,
      () => fill('\u0000'),
    ];
    return withHeader(pick(random, texts)(), Uint8Array.of(0));
  },
  // The same within the graph.
  (random) => {
    const length = random(1, 100_000);
    const fill = (piece: string) => piece.repeat(Math.floor(length / piece.length));
    const head = '{"format":"fqsr","version":1,"rounding":"half-up","name":"bomb","scale":1,';
    const texts = [
      () => `${head}"metadata":{},"nodes":[${fill('{},')}{}]}`,
      () => `${head}"metadata":{},"nodes":[${fill('null,')}null]}`,
      () => `${head}"nodes":[],"metadata":{"a":"${fill('x')}"}}`,
      () => `${head}"metadata":{},"nodes":[{"op":"input","name":"i","channels":3,"zeroPoint":[${fill('0,')}0]},{}]}`,
      () => `${head}"metadata":{},"nodes":[{"op":"input","name":"${fill('i')}"},{}]}`,
      () =>
        `${head}"metadata":{},"nodes":[{"op":"input","name":"i","channels":3,"zeroPoint":[0,0,0],"${fill('i')}":1},{}]}`,
      () =>
        `${head}"metadata":{"${fill('i')}":1},"nodes":[{"op":"input","name":"i","channels":3,"zeroPoint":[0,0,0]},{}]}`,
    ];
    return fileOf({ graph: pick(random, texts)(), tensors: [] });
  },
];
