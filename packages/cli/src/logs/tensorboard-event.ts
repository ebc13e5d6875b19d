/**
 * TensorBoard's `Event` message in protocol buffers: `wall_time` (1, double), `step` (2, varint), `file_version` (3, string), `summary` (5), whose repeated `value` (1) holds
 * `tag` (1, string) and `simple_value` (2, float) or `image` (4: height 1, width 2, colour channels 3, PNG bytes 4).
 */

/** What one event says. */
export interface Event {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  /** The first event of a file. */
  readonly fileVersion?: string;
  readonly values: readonly EventValue[];
}

/** A number or a picture under a name. */
export type EventValue = { readonly tag: string } & (
  | { readonly scalar: number }
  | { readonly image: { readonly width: number; readonly height: number; readonly png: Uint8Array } }
);

/** The bytes of an event. */
export function encodeEvent({ wallTime, step, fileVersion, values }: Event): Uint8Array {
  return join([
    [9],
    little(8, (view) => view.setFloat64(0, wallTime, true)),
    [16],
    varint(step),
    ...(fileVersion === undefined ? [] : bytesField(3, utf8(fileVersion))),
    ...(values.length === 0 ? [] : bytesField(5, join(values.flatMap((value) => bytesField(1, encodeValue(value)))))),
  ]);
}

/** The step of an event; 0 where it is left out. The inverse of {@link encodeEvent} for that field alone. */
export function stepOf(event: Uint8Array): number {
  return event[9] === 16 ? readVarint(event, 10) : 0;
}

function encodeValue(value: EventValue): Uint8Array {
  const tag = bytesField(1, utf8(value.tag));
  if ('scalar' in value) return join([...tag, [21], little(4, (view) => view.setFloat32(0, value.scalar, true))]);
  const { width, height, png } = value.image;
  const image = join([[8], varint(height), [16], varint(width), [24], varint(3), ...bytesField(4, png)]);
  return join([...tag, ...bytesField(4, image)]);
}

/** A field of length-delimited bytes. */
function bytesField(field: number, data: Uint8Array): ArrayLike<number>[] {
  return [[(field << 3) | 2], varint(data.length), data];
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

function readVarint(bytes: Uint8Array, from: number): number {
  let value = 0;
  for (let i = from, unit = 1; i < bytes.length; i++, unit *= 128) {
    const byte = bytes[i] as number;
    value += (byte & 127) * unit;
    if (byte < 128) break;
  }
  return value;
}

function little(size: number, write: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(size);
  write(new DataView(bytes.buffer));
  return bytes;
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function join(parts: readonly ArrayLike<number>[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
