/**
 * The part of the Protocol Buffers wire format that an ONNX file needs: a message is a sequence of fields, each a tag (`number * 8 + wire type`) and a value.
 * Fields are written in the order they are given, so equal data gives equal bytes.
 */

/** One field: a varint, a 32-bit float, or bytes (also text and nested messages). */
export type Field =
  | { readonly number: number; readonly int: number }
  | { readonly number: number; readonly float: number }
  | { readonly number: number; readonly bytes: Uint8Array };

const wireTypes = { varint: 0, bytes: 2, fixed32: 5 } as const;

/** An int32 or int64 field. `value`: an integer within `+-2^53`. */
export function int(number: number, value: number): Field {
  return { number, int: value };
}

/** A float field. */
export function float(number: number, value: number): Field {
  return { number, float: value };
}

/** A bytes field, whose bytes are not copied until {@link encode}. */
export function bytes(number: number, value: Uint8Array): Field {
  return { number, bytes: value };
}

/** A text field, in UTF-8. */
export function text(number: number, value: string): Field {
  return bytes(number, new TextEncoder().encode(value));
}

/** A nested message. */
export function message(number: number, fields: readonly Field[]): Field {
  return bytes(number, encode(fields));
}

/**
 * The bytes of a message.
 *
 * @example
 * encode([int(1, 150), text(2, 'hi')]); // 08 96 01 12 02 68 69
 */
export function encode(fields: readonly Field[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const field of fields) {
    if ('int' in field) {
      parts.push(varint(field.number * 8 + wireTypes.varint), varint(field.int));
    } else if ('float' in field) {
      const value = new Uint8Array(4);
      new DataView(value.buffer).setFloat32(0, field.float, true);
      parts.push(varint(field.number * 8 + wireTypes.fixed32), value);
    } else {
      parts.push(varint(field.number * 8 + wireTypes.bytes), varint(field.bytes.length), field.bytes);
    }
  }
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Seven bits a byte, lowest first; negative numbers as 64-bit two's complement. */
function varint(value: number): Uint8Array {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  return Uint8Array.from([...out, Number(rest)]);
}
