import { describe, expect, it } from 'vitest';
import { edsr, imageGrid, modelBuilder, randomImage } from '../test/models.js';
import { randomIntegers } from '../test/random.js';
import { crc32 } from './crc32.js';
import { FormatError } from './error.js';
import { parseModel, readSafetensors, serializeModel, writeSafetensors } from './format.js';
import { runModel } from './run.js';

/** Another metadata text, the checksum made to fit again. */
function withGraph(bytes: Uint8Array, change: (graph: Record<string, unknown>) => object): Uint8Array {
  const { tensors, metadata } = readSafetensors(bytes);
  const fqsr = JSON.stringify(change(JSON.parse(metadata['fqsr'] ?? '')));
  const draft = writeSafetensors(tensors, { fqsr, 'fqsr.crc32': '' });
  try {
    parseModel(draft);
  } catch (error) {
    const wanted = /crc32 must be ([0-9a-f]{8})/.exec((error as Error).message)?.[1] ?? '';
    return writeSafetensors(tensors, { fqsr, 'fqsr.crc32': wanted });
  }
  throw new Error('a wrong checksum passed');
}

function small() {
  const b = modelBuilder(1);
  b.conv2d('conv', b.input(), [3, 12], { bits: 3, kernel: [1, 3], edge: true });
  b.requantize('act', 'conv', { factor: 1 / 50, channels: 12, grid: imageGrid });
  b.output(b.pixelShuffle('shuffle', 'act', 2));
  return b.build(2);
}

describe('serializeModel and parseModel', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('keep a model with %i-bit weights, and its images', (weightBits) => {
    const model = edsr({ weightBits, seed: weightBits });
    const bytes = serializeModel(model);
    const parsed = parseModel(bytes);
    expect(parsed).toEqual(model);
    expect(serializeModel(parsed)).toEqual(bytes);
    const image = randomImage(1, 6, 5);
    expect(runModel(parsed, image)).toEqual(runModel(model, image));
  });

  it('store weights at their bit width', () => {
    const { tensors } = readSafetensors(serializeModel(edsr({ weightBits: 3 })));
    expect(tensors.get('head.weight')?.data.length).toBe(Math.ceil((8 * 9 * 3 * 3) / 8));
  });

  it('refuse to write what they would not read', () => {
    expect(() => serializeModel({ ...small(), scale: 3 })).toThrow(
      '[runtime] serializeModel: nodes[4].input must be upscaled 3 times',
    );
  });
});

describe('parseModel refuses', () => {
  const bytes = serializeModel(small());
  const { tensors, metadata } = readSafetensors(bytes);

  it.each([
    ['file must be safetensors', new Uint8Array(4)],
    ['file must be safetensors', bytes.subarray(0, bytes.length - 1)],
    ['metadata must be that of an fqsr model', writeSafetensors(tensors, { format: 'pt' })],
    ['the keys "fqsr" and "fqsr.crc32" only', writeSafetensors(tensors, { ...metadata, extra: '' })],
    ['checksum of what was read, got "0badf00d"', writeSafetensors(tensors, { ...metadata, 'fqsr.crc32': '0badf00d' })],
    ['checksum', writeSafetensors(new Map([...tensors].slice(1)), metadata)],
    ['metadata.fqsr must be JSON', writeSafetensors(tensors, { ...metadata, fqsr: '{' })],
    [
      'metadata.fqsr must be JSON, got duplicate key',
      writeSafetensors(tensors, { ...metadata, fqsr: '{"a":1,"a":1}' }),
    ],
    ['metadata.fqsr must be an object', writeSafetensors(tensors, { ...metadata, fqsr: '1' })],
  ])('%s', (reason, file) => {
    expect(() => parseModel(file)).toThrow(FormatError);
    expect(() => parseModel(file)).toThrow(reason);
  });

  it.each([
    ['format must be "fqsr", got "onnx"', { format: 'onnx' }],
    ['version must be a known one (1), got 2 (update @fqsr/runtime, or export the model again)', { version: 2 }],
    ['rounding must be "half-up", got "half-even"', { rounding: 'half-even' }],
  ])('%s', (reason, fields) => {
    const { fqsr = '' } = metadata;
    const file = writeSafetensors(tensors, { fqsr: JSON.stringify({ ...JSON.parse(fqsr), ...fields }) });
    expect(() => parseModel(file)).toThrow(reason);
  });

  it('tensors of another type, length or padding, though the checksum fits', () => {
    const graph = (name: string, data: Uint8Array | Int32Array | Float32Array) => {
      const dtype = data instanceof Uint8Array ? 'U8' : data instanceof Int32Array ? 'I32' : 'F32';
      const changed = new Map(tensors).set(name, { dtype, shape: [data.length], data } as never);
      return withGraph(writeSafetensors(changed, metadata), (value) => value);
    };
    const weight = tensors.get('conv.weight')?.data as Uint8Array;
    expect(() => parseModel(graph('conv.weight', weight.subarray(1)))).toThrow(
      'must be 41 bytes long for 108 weights of 3 bits, got 40',
    );
    expect(() => parseModel(graph('conv.weight', new Int32Array(108)))).toThrow('U8 (packed weights)');
    expect(() => parseModel(graph('conv.weight', weight.with(40, 255)))).toThrow('zeros after the last weight');
    expect(() => parseModel(graph('conv.bias', new Float32Array(12)))).toThrow('I32 or U8');
    expect(() => parseModel(graph('conv.bias', new Uint8Array(12)))).toThrow('must be a Int32Array');
    expect(() => parseModel(graph('more', new Uint8Array(12)))).toThrow('tensors["more"] must be used by a node');
  });
});

/** Of more than one byte: `test/fuzz`. */
describe('any change of a file', () => {
  const bytes = serializeModel(small());

  it('of one byte is found', () => {
    const random = randomIntegers(5);
    for (let i = 0; i < bytes.length; i++) {
      for (const value of [0, 32, random(0, 255), (bytes[i] as number) ^ (1 << random(0, 7))]) {
        if (value !== bytes[i])
          expect(() => parseModel(bytes.with(i, value)), `byte ${i}: ${value}`).toThrow(FormatError);
      }
    }
  });
});

describe('crc32', () => {
  it('gives the check value, in parts too', () => {
    const bytes = new TextEncoder().encode('123456789');
    expect(crc32(bytes)).toBe(0xcbf43926);
    expect(crc32(bytes.subarray(4), crc32(bytes.subarray(0, 4)))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array(0))).toBe(0);
  });
});
