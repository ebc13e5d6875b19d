/** A `.fqsr` file as an annotated hex dump, for `docs/format.md`: what the description says of each byte, read with nothing but that description. */

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');

/** Lines of 16 bytes; what they are stands behind, or, where it is `null`, their text. */
function lines(bytes: Uint8Array, offset: number, note: string | null): string[] {
  const rows = Math.ceil(bytes.length / 16);
  return Array.from({ length: rows }, (_, i) => {
    const row = bytes.subarray(i * 16, i * 16 + 16);
    const pairs = [...row].map((byte) => hex(byte, 2)).join(' ');
    const text = note === null ? new TextDecoder().decode(row) : i === 0 ? note : '';
    return `${hex(offset + i * 16, 8)}  ${pairs.padEnd(47)}  ${text}`.trimEnd();
  });
}

interface Entry {
  readonly dtype: 'I32' | 'U8';
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

interface PackedWeights {
  readonly bits: number;
  readonly count: number;
}

/**
 * The dump of a file.
 *
 * @param weights how each tensor of packed, mid-tread weights is packed
 */
export function hexDump(file: Uint8Array, weights: Readonly<Record<string, PackedWeights>>): string {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const start = 8 + Number(view.getBigUint64(0, true));
  const { __metadata__: _, ...tensors }: Record<string, Entry> = JSON.parse(
    new TextDecoder().decode(file.subarray(8, start)),
  );
  const data = Object.entries(tensors).sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]);
  return [
    ...lines(file.subarray(0, 8), 0, `length of the header: ${start - 8} bytes`),
    ...lines(file.subarray(8, start), 8, null),
    ...data.flatMap(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [begin, end],
        },
      ]) => {
        const bytes = file.subarray(start + begin, start + end);
        const values = valuesOf(bytes, dtype, weights[name]);
        return lines(bytes, start + begin, `${name} ${dtype} [${shape.join(', ')}]: ${values.join(' ')}`);
      },
    ),
  ].join('\n');
}

function valuesOf(bytes: Uint8Array, dtype: 'I32' | 'U8', packed: PackedWeights | undefined): readonly number[] {
  if (dtype === 'I32') {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(4 * i, true));
  }
  if (!packed) return [...bytes];
  const { bits, count } = packed;
  return Array.from({ length: count }, (_, i) => {
    let level = 0;
    for (let bit = 0; bit < bits; bit++) {
      const at = i * bits + bit;
      level |= (((bytes[at >> 3] as number) >> (at & 7)) & 1) << bit;
    }
    return level >= 2 ** (bits - 1) ? level - 2 ** bits : level;
  });
}
