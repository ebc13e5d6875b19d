import { describe, expect, it } from 'vitest';
import { ModelError } from '../error.js';
import { decodeFloats } from './dtypes.js';

const words = (...values: number[]) => new Uint8Array(Uint16Array.from(values).buffer);

describe('half precision, by its definition', () => {
  it('float16', () => {
    const bits = words(0x3c00, 0xc000, 0x0001, 0x83ff, 0x7bff, 0x7c00, 0xfc00, 0x8000, 0x3555);
    const values = [1, -2, 2 ** -24, -(2 ** -14 - 2 ** -24), 65504, Infinity, -Infinity, -0, 0.333251953125];
    expect([...decodeFloats(bits, 'float16', 'x')]).toEqual(values);
    expect(decodeFloats(words(0x7e00), 'float16', 'x')[0]).toBeNaN();
  });

  it('bfloat16: the upper half of a float32, for every one of them', () => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const wide = new Float32Array(Uint32Array.from(bits, (value) => value * 65536).buffer);
    expect(decodeFloats(new Uint8Array(bits.buffer), 'bfloat16', 'x')).toEqual(wide);
  });
});

it('float64 is rounded to float32, from any offset; integers are no weights', () => {
  const bytes = new Uint8Array(17);
  new DataView(bytes.buffer).setFloat64(1, 0.1, true);
  expect([...decodeFloats(bytes.subarray(1, 9), 'float64', 'x')]).toEqual([Math.fround(0.1)]);
  expect(() => decodeFloats(bytes.subarray(1, 9), 'int64', 'x')).toThrow(ModelError);
});
