import { describe, expect, it } from 'vitest';
import { encodeOnnx } from './proto.js';
import { encode, float, int, message, text } from './protobuf.js';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('encode', () => {
  it('writes the examples of the wire format', () => {
    expect(hex(encode([int(1, 150)]))).toBe('089601');
    expect(hex(encode([text(2, 'testing')]))).toBe('120774657374696e67');
    expect(hex(encode([message(3, [int(1, 150)])]))).toBe('1a03089601');
    expect(hex(encode([int(1, -2)]))).toBe('08feffffffffffffffff01');
    expect(hex(encode([float(2, 1.5)]))).toBe('150000c03f');
    expect(hex(encode([int(1, 0), int(16, 2 ** 40)]))).toBe('08008001808080808020');
  });
});

describe('encodeOnnx', () => {
  it('packs tensors by their type, two int4 to a byte', () => {
    const tensors = [
      { name: 'a', type: 'int4', dims: [3], values: [-8, 7, -1] },
      { name: 'b', type: 'int32', dims: [1], values: [-2] },
      { name: 'c', type: 'int64', dims: [1], values: [5] },
      { name: 'd', type: 'int8', dims: [2], values: [-1, 2] },
    ] as const;
    const empty = { name: '', doc: '', opset: 21, nodes: [], inputs: [], outputs: [], metadata: {} };
    const file = hex(encodeOnnx({ ...empty, tensors }));
    expect(file).toContain('080310164201614a02780f');
    expect(file).toContain('080110064201624a04feffffff');
    expect(file).toContain('080110074201634a080500000000000000');
    expect(file).toContain('080210034201644a02ff02');
  });
});
