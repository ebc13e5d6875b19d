import { describe, expect, it } from 'vitest';
import { edsr, imageGrid, levels, modelBuilder } from '../test/models.js';
import { FormatError } from './error.js';
import type { IntegerModel, IntegerNode } from './model.js';
import { validateModel } from './validate.js';

type Fields = Readonly<Record<string, unknown>>;

/** image -> conv -> act, on two paths -> sum -> mid -> up -> pre -> shuffle -> result */
function sample(): IntegerModel {
  const b = modelBuilder(1);
  b.conv2d('conv', b.input(), [3, 4], { bits: 4 });
  b.requantize('a', 'conv', { factor: 1 / 50, channels: 4, grid: levels(4, true) });
  b.requantize('b', 'conv', { factor: 1 / 99, grid: levels(4, true) });
  b.add('sum', 'a', 'b');
  b.requantize('mid', 'sum', { factor: 1, grid: levels(5, false, 3) });
  b.conv2d('up', 'mid', [4, 12]);
  b.requantize('pre', 'up', { factor: 1 / 50, grid: imageGrid });
  b.output(b.pixelShuffle('shuffle', 'pre', 2));
  const model = b.build(2);
  const negative = { multiplier: 'a.negative', shift: 'a.negativeShift' };
  const table = { levels: 'pre.table', low: -3 };
  return {
    ...model,
    nodes: model.nodes.map((node) => {
      if (node.op !== 'requantize') return node;
      return node.name === 'a' ? { ...node, negative } : node.name === 'pre' ? { ...node, table } : node;
    }),
    tensors: {
      ...model.tensors,
      'a.negative': Int32Array.of(0, 2 ** 30, -(2 ** 30), 1 - 2 ** 31),
      'a.negativeShift': Uint8Array.of(17, 30, 40, 62),
      'pre.table': Uint8Array.of(0, 9, 200, 255),
    },
  };
}

/** The sample with fields of the node `name` replaced; of the model itself for ''. */
function changed(name: string, fields: Fields): IntegerModel {
  const model = sample();
  const replace = <T extends object>(target: T): T => Object.assign({ ...target }, fields);
  if (name === '') return replace(model);
  return { ...model, nodes: model.nodes.map((node) => (node.name === name ? replace<IntegerNode>(node) : node)) };
}

const grid = (fields: Fields) => ({ grid: { ...levels(4, true), ...fields } });
const tensors = (fields: Fields) => ({ tensors: { ...sample().tensors, ...fields } });
const without = (name: string) => ({ nodes: sample().nodes.filter((node) => node.name !== name) });

describe('validateModel', () => {
  it('accepts models, and says what it knows of each value', () => {
    validateModel(edsr({}));
    const info = validateModel(sample());
    expect(info.get('shuffle')).toEqual({
      kind: 'levels',
      channels: 3,
      factor: 2,
      bits: 8,
      signed: false,
      zeroPoint: [0, 0, 0],
      spacing: 1,
      scale: 1,
      qmin: 0,
      qmax: 255,
    });
    expect(info.get('sum')).toMatchObject({ kind: 'accumulator', channels: 4, factor: 1 });
  });

  it.each<[string, string, Fields]>([
    // fields
    ['name must be a string of 1 to 256 characters, got ""', '', { name: '' }],
    ['scale must be an integer from 1 to 16, got 17', '', { scale: 17 }],
    ['scale must be an integer from 1 to 16, got 1.5', '', { scale: 1.5 }],
    ['more must be absent', '', { more: 1 }],
    ['metadata must be an object of strings', '', { metadata: [] }],
    ['metadata.a must be a string, got 1', '', { metadata: { a: 1 } }],
    ['nodes must be an array, got nothing', '', { nodes: undefined }],
    ['nodes must be an array of 2 to 4096 items', '', { nodes: new Array(4097).fill(null) }],
    ['nodes[0] must be an object, got null', '', { nodes: [null, null] }],
    ['nodes[1] must be an object, got nothing', '', { nodes: Object.assign([sample().nodes[0]], { length: 3 }) }],
    ['nodes[1]["s t"] must be absent', 'conv', { 's t': 2 }],
    [`nodes[1]["${'s'.repeat(32)}..."] must be absent`, 'conv', { ['s'.repeat(1000)]: 2 }],
    ['metadata["a b"] must be a string, got 1', '', { metadata: { 'a b': 1 } }],
    ['tensors must be an object of typed arrays, got nothing', '', { tensors: undefined }],
    ['tensors["conv.bias"] must be a typed array, got null', '', tensors({ 'conv.bias': null })],
    [
      'nodes must be convolutions of at most 67108864 weights in all, got 225000432',
      '',
      {
        nodes: sample().nodes.map((node) =>
          node.name === 'conv'
            ? { ...node, ...{ kernel: [15, 15] as const, inChannels: 1000, outChannels: 1000 } }
            : node,
        ),
      },
    ],
    ['nodes[1].op must be one of input, conv2d', 'conv', { op: 'toString' }],
    ['nodes[1].stride must be absent', 'conv', { stride: 2 }],
    ['nodes[0].channels must be 3, got 4', 'image', { channels: 4 }],
    ['nodes[0].zeroPoint must be an array of 3 items', 'image', { zeroPoint: [1] }],
    ['nodes[0].zeroPoint[1] must be an integer from 0 to 255, got 256', 'image', { zeroPoint: [1, 256, 1] }],
    ['nodes[1].padding must be one of edge, got "reflect"', 'conv', { padding: 'reflect' }],
    ['nodes[1].kernel must be two odd sizes, got [2,3]', 'conv', { kernel: [2, 3] }],
    ['nodes[1].kernel[0] must be an integer from 1 to 15, got 17', 'conv', { kernel: [17, 3] }],
    ['nodes[1].outChannels must be an integer from 1 to 1024', 'conv', { outChannels: 1025 }],
    ['nodes[1].weightBits must be an integer from 1 to 8', 'conv', { weightBits: 9 }],
    ['nodes[2].grid.bits must be an integer from 1 to 8', 'a', grid({ bits: 0 })],
    ['nodes[2].grid.signed must be true or false', 'a', grid({ signed: 1 })],
    ['nodes[2].grid.scale must be a finite number above 0', 'a', grid({ scale: 0 })],
    ['nodes[2].grid.scale must be a finite number above 0', 'a', grid({ scale: Number.POSITIVE_INFINITY })],
    ['nodes[2].grid.axis must be absent', 'a', grid({ axis: 3 })],
    ['nodes[4].inputs must be an array of 2 items', 'sum', { inputs: ['a'] }],
    ['nodes[8].factor must be an integer from 2 to 8', 'shuffle', { factor: 9 }],
    ['nodes[8].order must be one of dcr, crd', 'shuffle', { order: 'rdc' }],
    // names and order
    ['nodes[3].name must be unique, got "a"', 'b', { name: 'a' }],
    ['nodes[1].input must be the name of an earlier node, got "pre"', 'conv', { input: 'pre' }],
    ['nodes[1].input must be the name of an earlier node, got "conv"', 'conv', { input: 'conv' }],
    ['nodes must be a list with exactly one output, got 0', '', without('result')],
    [
      'nodes must be a list with exactly one input, got 2',
      '',
      { nodes: [{ ...sample().nodes[0], name: 'x' }, ...sample().nodes] },
    ],
    ['must be used by a later node, got "an unused node"', 'sum', { inputs: ['a', 'a'] }],
    ['nodes[1].weight must be the name of a tensor, got "nope"', 'conv', { weight: 'nope' }],
    ['nodes[1].weight must be the name of a tensor, got "__proto__"', 'conv', { weight: '__proto__' }],
    ['tensors["x"] must be used by a node', '', tensors({ x: new Int8Array(1) })],
    // kinds
    ['nodes[5].input must be an accumulator', 'mid', { input: 'a' }],
    ['nodes[6].input must be levels (requantize them first)', 'up', { input: 'sum' }],
    ['nodes[4].inputs[1] must be levels', 'sum', { inputs: ['a', 'conv'] }],
    ['nodes[8].input must be levels', 'shuffle', { input: 'up' }],
    ['nodes[9].input must be levels', 'result', { input: 'up' }],
    // shapes
    ['nodes[6].inChannels must be 4, the channels of "mid", got 5', 'up', { inChannels: 5 }],
    ['tensors["conv.weight"] must be 36 long, got 108', 'conv', { kernel: [3, 1] }],
    ['tensors["conv.bias"] must be 4 long, got 3', '', tensors({ 'conv.bias': new Int32Array(3) })],
    ['tensors["a.multiplier"] must be 1 or 4 long, got 3', '', tensors({ 'a.multiplier': new Int32Array(3) })],
    ['tensors["a.shift"] must be 4 long, as the multipliers are, got 1', '', tensors({ 'a.shift': new Uint8Array(1) })],
    ['nodes[8].input must be a tensor whose channels are a multiple of 9, got 12', 'shuffle', { factor: 3 }],
    ['nodes[4].inputs[1] must be a tensor of 4 channels, as inputs[0] is, got 3', 'sum', { inputs: ['a', 'image'] }],
    ['nodes[9].input must be a tensor of 3 channels, got 12', 'result', { input: 'pre' }],
    ['nodes[9].input must be upscaled 3 times, as scale says, got 2', '', { scale: 3 }],
    // ranges
    [
      'tensors["conv.weight"][0] must be from -8 to 7, got 8',
      '',
      tensors({ 'conv.weight': new Int8Array(108).fill(8) }),
    ],
    ['tensors["b.multiplier"][0] must be from 1073741824', '', tensors({ 'b.multiplier': Int32Array.of(2 ** 30 - 1) })],
    ['tensors["b.shift"][0] must be from 17 to 62, got 63', '', tensors({ 'b.shift': Uint8Array.of(63) })],
    ['tensors["b.shift"][0] must be from 17 to 62, got 16', '', tensors({ 'b.shift': Uint8Array.of(16) })],
    ['tensors["b.shift"] must be a Uint8Array, got "Int32Array"', '', tensors({ 'b.shift': Int32Array.of(20) })],
    [
      'nodes[2].grid.zeroPoint must be an integer from -8 to 7, as 4 signed bits allow, got 8',
      'a',
      grid({ zeroPoint: 8 }),
    ],
    ['nodes[2].qmin must be an integer from -8 to 7', 'a', { qmin: -9 }],
    ['nodes[2].qmax must be an integer from -8 to 7', 'a', { qmax: 8 }],
    ['nodes[2].qmin must be at most qmax (-8), got 0', 'a', { qmin: 0, qmax: -8 }],
    ['nodes[5].qmax must be an integer from 0 to 31, as 5 unsigned bits allow', 'mid', { qmax: 32 }],
    ['tensors["a.negative"] must be 1 or 4 long, got 3', '', tensors({ 'a.negative': new Int32Array(3) })],
    [
      'tensors["a.negative"][1] must be 0, or of a magnitude from 2^30 to 2^31 - 1, got 5',
      '',
      tensors({ 'a.negative': Int32Array.of(0, 5, 0, 0) }),
    ],
    ['[0] must be 0, or of a magnitude', '', tensors({ 'a.negative': Int32Array.of(-(2 ** 31), 0, 0, 0) })],
    ['tensors["a.negativeShift"][3] must be from 17', '', tensors({ 'a.negativeShift': Uint8Array.of(17, 17, 17, 9) })],
    ['nodes[2].negative must be an object, got null', 'a', { negative: null }],
    ['nodes[2].negative.more must be absent', 'a', { negative: { multiplier: 'x', shift: 'y', more: 1 } }],
    [
      'nodes[2].negative.shift must be the name of a tensor',
      'a',
      { negative: { multiplier: 'a.negative', shift: 'y' } },
    ],
    ['tensors["pre.table"] must be 1 to 4096 long, got 0', '', tensors({ 'pre.table': new Uint8Array(0) })],
    ['tensors["pre.table"] must be 1 to 4096 long, got 4097', '', tensors({ 'pre.table': new Uint8Array(4097) })],
    ['nodes[7].table.low must be an integer from -4096 to 4096', 'pre', { table: { levels: 'pre.table', low: 5000 } }],
    ['nodes[2].table must be absent where the grid is signed', 'a', { table: { levels: 'pre.table', low: 0 } }],
    ['tensors["conv.weight"] must be a Int16Array', 'conv', { weightSpacing: 2 }],
    ['nodes[1].weightSpacing must be 2, got 1', 'conv', { weightSpacing: 1 }],
    ['nodes[2].grid.spacing must be 2, got 3', 'a', grid({ spacing: 3 })],
    ['nodes[2].grid.signed must be false where spacing is 2', 'a', grid({ spacing: 2 })],
    ['on the grid of inputs[0]', 'b', { ...grid({ signed: false, spacing: 2, zeroPoint: 0 }), qmin: 0 }],
    // grids
    [
      'on the grid of inputs[0], 4 signed bits, zero point 0, scale 0.5, got "4 signed bits, zero point 1',
      'b',
      grid({ zeroPoint: 1 }),
    ],
    ['on the grid of inputs[0]', 'b', grid({ scale: 0.25 })],
    ['on the grid of inputs[0]', 'b', { ...grid({ bits: 5 }), qmin: -16, qmax: 15 }],
    ['on the grid of inputs[0]', 'b', { ...grid({ signed: false }), qmin: 0, qmax: 15 }],
    ['nodes[9].input must be on the grid of an image', 'pre', { grid: levels(8, false, 0, 0.5) }],
    [
      'nodes[7].table must be absent where the grid is signed, has a zero point or',
      'pre',
      { grid: levels(8, false, 1, 1) },
    ],
    ['nodes[9].input must be on the grid of an image', 'pre', { grid: levels(7, false, 0, 1), qmax: 127 }],
    // accumulators
    [
      'must be a convolution whose accumulators stay below 2^31',
      '',
      tensors({ 'conv.bias': Int32Array.of(0, 0, -(2 ** 31), 0) }),
    ],
    ['in channel 1', '', tensors({ 'conv.bias': Int32Array.of(0, 2 ** 31 - 1, 0, 0) })],
    // one tensor, one use
    ['one tensor for one use', 'a', { multiplier: 'conv.bias' }],
  ])('refuses: %s', (reason, name, fields) => {
    const validate = () => validateModel(changed(name, fields));
    expect(validate).toThrow(FormatError);
    expect(validate).toThrow(reason);
    expect(validate).toThrow(/^\[runtime\] validateModel: .+ must be .+ \(.+\)$/);
  });

  it('allows accumulators up to the limit, and no further', () => {
    const b = modelBuilder(1);
    b.conv2d('conv', b.input([0, 0, 0]), [3, 3], { kernel: [1, 1] });
    b.output(b.requantize('out', 'conv', { factor: 0.1, grid: imageGrid }));
    const model = b.build(1);
    (model.tensors['conv.weight'] as Int8Array).fill(0).fill(-128, 0, 1).fill(1, 1, 2);
    const bias = model.tensors['conv.bias'] as Int32Array;
    bias[0] = 2 ** 31 - 1 - 129 * 255;
    validateModel(model);
    bias[0]++;
    expect(() => validateModel(model)).toThrow('2147483648 in channel 0');
  });

  it('needs equal sizes at an add', () => {
    const b = modelBuilder(1);
    b.conv2d('conv', b.input(), [3, 12], { kernel: [1, 1] });
    b.requantize('q', 'conv', { factor: 0.1, grid: imageGrid });
    b.pixelShuffle('big', 'q', 2);
    b.add('sum', 'big', 'image');
    expect(() => validateModel(b.build(2))).toThrow(
      'nodes[4].inputs[1] must be upscaled 2 times, as inputs[0] is, got 1',
    );
  });

  it('bounds the total factor', () => {
    const b = modelBuilder(1);
    b.conv2d('conv', b.input(), [3, 1024], { kernel: [1, 1] });
    b.requantize('q', 'conv', { factor: 0.1, grid: imageGrid });
    b.output(b.pixelShuffle('y', b.pixelShuffle('x', 'q', 8), 4));
    expect(() => validateModel(b.build(16))).toThrow(
      'nodes[4].factor must be such that the total stays at most 16, got 32',
    );
  });
});
