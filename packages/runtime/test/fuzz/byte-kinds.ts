/** Damage to files as bytes, as storage, transfers and editors do it. */
import type { Random } from '../models.js';
import { concatenated, fileOf, headerOf, partsOf, withHeader } from './container.js';
import { names, numbers, pick } from './pick.js';

/** @param other another valid file */
export type ByteKind = (file: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;

/** The file with `count` bytes from `at` on replaced. */
function spliced(file: Uint8Array, at: number, count: number, piece: Uint8Array): Uint8Array {
  return concatenated([file.subarray(0, at), piece, file.subarray(at + count)]);
}

function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random(0, 255));
}

/** Pieces of JSON that change what a header says. */
const tokens = [
  '1e999', '-1e999', '-0', '0.0', '01', '+1', 'NaN', 'Infinity', '9007199254740993', '1E1', '"', '\\', '{', '}', '[', ']', ',', ':', '{}', '[]', 'null', 'true',
  '"\\ud800"', '\u0000', '\ufeff', ' ', '\n', '"a":1,', '"__proto__":{"dtype":"U8"},', `${'['.repeat(40)}${']'.repeat(40)}`, '/**/', '"dtype":"U8",',
]; // biome-ignore format: a list

/** JSON text with one token more, less or other. */
export function otherText(text: string, random: Random): string {
  const found = [...text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.e+-]*|[^\s]/g)];
  const { index = 0, 0: token = '' } = pick(random, found) ?? { 0: '' };
  const end = index + token.length;
  const isNumber = /^[-\d]/.test(token);
  switch (random(0, 6)) {
    case 0:
      return text.slice(0, index) + text.slice(end);
    case 1:
      return text.slice(0, index) + pick(random, tokens) + text.slice(index);
    case 2:
      return text.slice(0, index) + token + text.slice(index);
    case 3:
      return text.slice(0, index) + (pick(random, found)?.[0] ?? '') + text.slice(end);
    case 4:
      return text.slice(0, index) + pick(random, tokens) + text.slice(end);
    default: {
      // What is JSON still, as a rule.
      const values = isNumber
        ? ['1e999', '-1e999', '-0', '0.0', '1E1', '1e-400', '9007199254740993', '[]', '"1"']
        : ['"\\ud800"', '"\\u0041"', '""'];
      const other = isNumber || token.startsWith('"') ? pick(random, values) : token;
      return text.slice(0, index) + other + text.slice(end);
    }
  }
}

export const byteKinds = {
  'flipped bits': (file, random) => {
    const changed = file.slice();
    for (let count = random(1, 8); count > 0; count--) {
      const at = random(0, file.length - 1);
      changed[at] = (changed[at] as number) ^ (1 << random(0, 7));
    }
    return changed;
  },
  'other bytes': (file, random) => {
    const changed = file.slice();
    for (let count = random(1, 16); count > 0; count--) {
      changed[random(0, file.length - 1)] = pick(random, [
        0,
        255,
        32,
        34,
        44,
        48,
        57,
        92,
        91,
        123,
        125,
        random(0, 255),
      ]);
    }
    return changed;
  },
  truncation: (file, random) => file.slice(0, random(0, file.length - 1)),
  insertion: (file, random) => {
    const piece = random(0, 1)
      ? randomBytes(random, random(1, 64))
      : file.slice(random(0, file.length - 65)).subarray(0, random(1, 64));
    return spliced(file, random(0, file.length), 0, piece);
  },
  deletion: (file, random) => spliced(file, random(0, file.length - 1), random(1, 64), new Uint8Array(0)),
  'splice of two files': (file, random, other) =>
    concatenated([file.subarray(0, random(0, file.length)), other.subarray(random(0, other.length))]),
  'header of another file': (file, _, other) => withHeader(headerOf(other).header, headerOf(file).data),
  'header length': (file, random) => {
    const changed = file.slice();
    const view = new DataView(changed.buffer);
    const length = view.getBigUint64(0, true);
    const near = length + BigInt(random(-16, 16));
    const values = [
      0n,
      1n,
      2n,
      near,
      near,
      2n ** 24n,
      2n ** 24n + 1n,
      2n ** 31n,
      2n ** 32n + length,
      2n ** 53n,
      2n ** 63n,
      2n ** 64n - 1n,
    ];
    view.setBigUint64(0, BigInt.asUintN(64, pick(random, values)), true);
    return changed;
  },
  "header's text": (file, random) => {
    const { header, data } = headerOf(file);
    let text = header.trimEnd();
    for (let count = random(1, 3); count > 0; count--) text = otherText(text, random);
    return withHeader(text, data);
  },
  'tensor entry': (file, random) => {
    const { header, data } = headerOf(file);
    const value: Record<string, Record<string, unknown>> = JSON.parse(header);
    const entry = value[pick(random, Object.keys(value))] as Record<string, unknown>;
    const fields: Readonly<Record<string, () => unknown>> = {
      dtype: () => pick(random, ['F64', 'I64', 'F32', 'I32', 'U8', 'I8', 'F16', 'BOOL', 'toString', '', 7, null]),
      shape: () =>
        pick(random, [
          [],
          [0],
          [pick(random, numbers)],
          [1, pick(random, numbers)],
          [2 ** 40, 2 ** 40],
          'a',
          null,
          new Array(40).fill(1),
        ]),
      data_offsets: () =>
        pick(random, [
          [],
          [0, 0],
          [pick(random, numbers), pick(random, numbers)],
          [0, pick(random, numbers)],
          [0, 1, 2],
          {},
          null,
        ]),
      [pick(random, names)]: () => pick(random, numbers),
    };
    const key = pick(random, Object.keys(fields));
    entry[key] = fields[key]?.();
    return withHeader(JSON.stringify(value), data);
  },
  checksum: (file, random) =>
    fileOf(partsOf(file), {
      checksum: pick(random, ['', '00000000', 'FFFFFFFF', '0badf00d', 'g'.repeat(8), ...names]),
    }),
} as const satisfies Readonly<Record<string, ByteKind>>;
