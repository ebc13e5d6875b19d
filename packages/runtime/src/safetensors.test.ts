import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from './error.js';
import { readSafetensors, type SafeTensor, writeSafetensors } from './safetensors.js';

/** A file of any header, well-formed or not. */
function file(header: string | Uint8Array, data: readonly number[] = [], length?: bigint): Uint8Array {
  const bytes = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const result = new Uint8Array(8 + bytes.length + data.length);
  new DataView(result.buffer).setBigUint64(0, length ?? BigInt(bytes.length), true);
  result.set(bytes, 8);
  result.set(data, 8 + bytes.length);
  return result;
}

const sample = new Map<string, SafeTensor>([
  ['u8', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 255) }],
  ['10', { dtype: 'F64', shape: [], data: Float64Array.of(Math.PI) }],
  ['i64', { dtype: 'I64', shape: [1, 2], data: BigInt64Array.of(-1n, 2n ** 62n) }],
  ['empty', { dtype: 'F32', shape: [0, 4], data: new Float32Array(0) }],
  ['2', { dtype: 'F32', shape: [2, 1], data: Float32Array.of(-0, Number.NaN) }],
  ['i32', { dtype: 'I32', shape: [1], data: Int32Array.of(-(2 ** 31)) }],
  ['__proto__', { dtype: 'I8', shape: [1], data: Int8Array.of(-128) }],
]);

describe('writeSafetensors', () => {
  it('is read back in order, aligned, with metadata', () => {
    const bytes = writeSafetensors(sample, { a: 'ü "quoted" \ud800', '': 'empty' });
    const { tensors, metadata } = readSafetensors(bytes);
    expect([...tensors.keys()]).toEqual([...sample.keys()]);
    for (const [name, tensor] of sample) expect(tensors.get(name)).toEqual(tensor);
    expect(metadata).toEqual({ a: 'ü "quoted" \ud800', '': 'empty' });
    const header = new DataView(bytes.buffer).getBigUint64(0, true);
    expect(header % 8n).toBe(0n);
    const entries: Record<string, { data_offsets: [number, number] }> = JSON.parse(
      new TextDecoder().decode(bytes.subarray(8, 8 + Number(header))),
    );
    for (const [name, { data }] of sample) {
      expect((entries[name]?.data_offsets[0] ?? 1) % data.BYTES_PER_ELEMENT, name).toBe(0);
    }
  });

  it('gives the bytes of the format', () => {
    const bytes = writeSafetensors(new Map([['a', { dtype: 'U8', shape: [2], data: Uint8Array.of(7, 9) }]]));
    const header = '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}';
    expect(new TextDecoder().decode(bytes.subarray(8, 64))).toBe(header.padEnd(56));
    expect([...bytes.subarray(0, 8)]).toEqual([56, 0, 0, 0, 0, 0, 0, 0]);
    expect([...bytes.subarray(64)]).toEqual([7, 9]);
  });

  it('reads from any offset, and writes views', () => {
    const bytes = writeSafetensors(
      new Map([['a', { dtype: 'I32', shape: [1], data: Int32Array.of(1, 2, 3).subarray(1, 2) }]]),
    );
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(readSafetensors(shifted.subarray(3)).tensors.get('a')?.data).toEqual(Int32Array.of(2));
  });

  it('writes nothing at all', () => {
    expect(readSafetensors(writeSafetensors(new Map()))).toEqual({ tensors: new Map(), metadata: {} });
  });

  it('keeps any tensors', () => {
    const tensor = fc
      .array(fc.integer({ min: 0, max: 255 }), { maxLength: 20 })
      .map((items): SafeTensor => ({ dtype: 'U8', shape: [items.length], data: Uint8Array.from(items) }));
    const floats = fc
      .float64Array({ maxLength: 9 })
      .map((data): SafeTensor => ({ dtype: 'F64', shape: [1, data.length], data }));
    const name = fc.string({ unit: 'binary', maxLength: 9 }).filter((text) => text !== '__metadata__');
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.oneof(tensor, floats)), { maxLength: 9 }), (entries) => {
        const tensors = new Map(entries);
        expect(readSafetensors(writeSafetensors(tensors)).tensors).toEqual(tensors);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it.each([
    ['named otherwise', '__metadata__', { dtype: 'U8', shape: [1], data: new Uint8Array(1) }],
    ['the shape of its 2 elements', 'a', { dtype: 'U8', shape: [1], data: new Uint8Array(2) }],
    ['a Float32Array', 'a', { dtype: 'F32', shape: [2], data: new Float64Array(2) } as unknown as SafeTensor],
  ] as const)('refuses what is not %s', (reason, name, tensor) => {
    const write = () => writeSafetensors(new Map<string, SafeTensor>([[name, tensor]]));
    expect(write).toThrow(FormatError);
    expect(write).toThrow(reason);
  });
});

describe('readSafetensors', () => {
  const entry = (fields: object) => ({ dtype: 'U8', shape: [2], data_offsets: [0, 2], ...fields });
  const json = (tensors: object) => JSON.stringify(tensors);
  it.each([
    ['a truncated file of 3 bytes', new Uint8Array(3)],
    ['a truncated file of 10 bytes', file('{}', [], 100n)],
    ['a header too long', file('{}', [], 2n ** 63n)],
    ['UTF-8', file(Uint8Array.of(123, 255, 125))],
    ['a JSON object', file('[]')],
    ['a JSON object', file(' {}')],
    ['a JSON object', file('{}\n')],
    ['a JSON object', file('')],
    ['JSON without', file('{"a":}')],
    ['JSON without', file('{"a":"}')],
    ['JSON without', file('{"\\x":1}')],
    ['nesting deeper', file(`{"a":${'['.repeat(100_000)}}`)],
    ['more than 1048576 objects, arrays and commas', file(`{"a":[${'[],'.repeat(2 ** 19)}[]]}`)],
    ['tensor "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..." must be an object', file(json({ ['x'.repeat(9000)]: 1 }))],
    ['duplicate key "a"', file(`{"a":${json(entry({}))},"a":${json(entry({}))}}`, [1, 2])],
    ['duplicate key "\\u0061"', file(`{"a":${json(entry({}))},"\\u0061":${json(entry({}))}}`, [1, 2])],
    ['duplicate key "dtype"', file('{"a":{"dtype":"U8","shape":[2],"dtype":"U8","data_offsets":[0,2]}}', [1, 2])],
    ['an object of strings', file(json({ __metadata__: [] }))],
    ['__metadata__["a"] must be a string', file(json({ __metadata__: { a: 1 } }))],
    ['tensor "a" must be an object', file(json({ a: 1 }))],
    ['data_offsets only', file(json({ a: entry({ extra: 1 }) }), [1, 2])],
    ['dtype must be one of', file(json({ a: entry({ dtype: 'F16' }) }), [1, 2])],
    ['dtype must be one of', file(json({ a: entry({ dtype: 'toString' }) }), [1, 2])],
    ['an array of integers', file(json({ a: entry({ shape: [2.5] }) }), [1, 2])],
    ['an array of integers', file(json({ a: entry({ shape: [-2] }) }), [1, 2])],
    ['NaN bytes apart', file(json({ a: entry({ shape: [2 ** 50, 2 ** 50] }) }), [1, 2])],
    ['two integers', file(json({ a: entry({ data_offsets: [2, 0] }) }), [1, 2])],
    ['two integers', file(json({ a: entry({ data_offsets: [0, 2, 2] }) }), [1, 2])],
    ['within the 1 bytes', file(json({ a: entry({}) }), [1])],
    ['2 bytes apart', file(json({ a: entry({ data_offsets: [0, 1] }) }), [1])],
    ['8 bytes apart', file(json({ a: entry({ dtype: 'I32' }) }), [1, 2])],
    ['an overlap at 1', file(json({ a: entry({}), b: entry({ data_offsets: [1, 3] }) }), [1, 2, 3])],
    ['a gap up to 1', file(json({ a: entry({ data_offsets: [1, 3] }) }), [1, 2, 3])],
    ['2 bytes long, where the last tensor ends', file(json({ a: entry({}) }), [1, 2, 3])],
  ])('refuses: %s', (reason, bytes) => {
    expect(() => readSafetensors(bytes)).toThrow(FormatError);
    expect(() => readSafetensors(bytes)).toThrow(reason);
  });

  it('takes any bytes without another error', () => {
    const header = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.json().map((text) => `{"a":${text}}`),
      fc
        .record({ dtype: fc.constantFrom('U8', 'I32', 'F16'), shape: fc.json(), data_offsets: fc.json() })
        .map((value) => json({ a: value })),
    );
    fc.assert(
      fc.property(header, fc.array(fc.nat(255), { maxLength: 9 }), (text, data) => {
        try {
          readSafetensors(file(text, data));
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { seed: 2, numRuns: 1000 },
    );
  });
});
