/** Hostile pickles, written by hand: nothing runs, nothing grows beyond the file. */
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../error.js';
import { Cursor } from './bytes.js';
import { readPickle } from './pickle.js';
import { storageOf } from './storage.js';

/** Opcodes and arguments as Latin letters and numbers. */
const bytes = (...parts: readonly (string | number)[]): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) => (typeof part === 'number' ? [part] : [...part].map((letter) => letter.charCodeAt(0)))),
  );
const read = (...parts: readonly (string | number)[]) => readPickle(new Cursor(bytes(...parts)), storageOf);

/** A persistent id: a float storage `0` of `length` elements. */
const storage = (length: number) => [
  '(X',
  7,
  0,
  0,
  0,
  'storagectorch\nFloatStorage\nX',
  1,
  0,
  0,
  0,
  '0X',
  3,
  0,
  0,
  0,
  'cpuK',
  length,
  'tQ',
];
const rebuild = 'ctorch._utils\n_rebuild_tensor_v2\n(';

describe('plain data', () => {
  it.each<[string, unknown, readonly (string | number)[]]>([
    [
      'numbers',
      [-2, 255, 65535, 2n ** 70n, 1.5],
      [
        '](J',
        254,
        255,
        255,
        255,
        'K',
        255,
        'M',
        255,
        255,
        0x8a,
        9,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        64,
        'G',
        63,
        248,
        0,
        0,
        0,
        0,
        0,
        0,
        'e.',
      ],
    ],
    ['text and none', ['a', 'b', null, true, false], ['](X', 1, 0, 0, 0, 'a', 0x8c, 1, 'bN', 0x88, 0x89, 'e.']],
    [
      'a dict, remembered',
      [new Map([['k', 1]]), new Map([['k', 1]])],
      [']}q', 0, 'X', 1, 0, 0, 0, 'kK', 1, 'sah', 0, 'a.'],
    ],
    [
      'tuples',
      [[1], [1, 2], [1, 2, 3], []],
      ['](K', 1, 0x85, 'K', 1, 'K', 2, 0x86, 'K', 1, 'K', 2, 'K', 3, 0x87, ')e.'],
    ],
    ['an ordered dict with attributes', new Map(), ['ccollections\nOrderedDict\n)R}b.']],
  ])('%s', (_title, value, parts) => {
    expect(read(...parts)).toEqual(value);
  });
});

describe('names', () => {
  it.each([
    ['a command', ['cos\nsystem\n(X', 4, 0, 0, 0, 'echotR.'], 'os.system'],
    ['a builtin by stack', [0x8c, 8, 'builtins', 0x8c, 4, 'eval', 0x93, '.'], 'builtins.eval'],
    ['a method of an allowed module', ['ctorch\nload\n.'], 'torch.load'],
    ['a nested pickle', ['ctorch.storage\n_load_from_bytes\n.'], 'torch.storage._load_from_bytes'],
    ['what JavaScript inherits', ['c__proto__\nconstructor\n.'], '__proto__.constructor'],
  ] as const)('%s is refused by name', (_title, parts, name) => {
    expect(() => read(...parts)).toThrow(ModelError);
    expect(() => read(...parts)).toThrow(`file must hold tensors only, got the Python object ${name}`);
  });

  it.each<[string, readonly (string | number)[], RegExp]>([
    ['data that is called', ['K', 1, ')R.'], /must call a name of the allow-list/],
    ['a storage type that is called', ['ctorch\nFloatStorage\n)R.'], /must call a name of the allow-list/],
    ['attributes of anything but a dict', [']}b.'], /attributes to dicts only/],
    ['an ordered dict of a list', ['ccollections\nOrderedDict\n(]tR.'], /must be made empty/],
    ['an opcode of old protocols', ["S'x'\n."], /got opcode 0x53 at 0/],
    ['an unknown protocol', [0x80, 9, '.'], /protocol must be at most 5, got 9/],
    ['an id that is no storage', ['K', 1, 'Q.'], /persistent ids must be storages/],
    [
      'an id of another type',
      ['(X', 7, 0, 0, 0, 'storagectorch\nSize\nK', 1, 'K', 1, 'K', 1, 'tQ.'],
      /must have a type, a key and a length/,
    ],
  ])('%s is refused', (_title, parts, reason) => {
    expect(() => read(...parts)).toThrow(reason);
  });
});

describe('lengths and stacks', () => {
  it.each<[string, readonly (string | number)[], RegExp]>([
    ['text longer than the file', ['X', 255, 255, 255, 127, 'a.'], /must go on for 2147483647 bytes/],
    ['bytes of an absurd length', [0x8e, 0, 0, 0, 0, 0, 0, 255, 255, '.'], /must be below 2\^53/],
    ['a number of many bytes', [0x8b, 255, 255, 0, 0], /at most 64 bytes/],
    ['an empty stack', ['.'], /takes what it has not put/],
    ['a tuple across a mark', ['K', 1, '(K', 2, 0x86, '.'], /takes what it has not put/],
    ['a group without a mark', ['t.'], /has not begun/],
    ['an unknown memory', ['h', 3, '.'], /recalls entry 3/],
    ['no end', ['K', 1], /must go on for 1 bytes/],
    ['text that is none', ['X', 1, 0, 0, 0, 255, '.'], /must be UTF-8/],
    ['half a pair', ['}(K', 1, 'u.'], /in pairs/],
  ])('%s', (_title, parts, reason) => {
    expect(() => read(...parts)).toThrow(ModelError);
    expect(() => read(...parts)).toThrow(reason);
  });
});

describe('tensors', () => {
  const tensor = (offset: number, size: readonly number[], stride: readonly number[], length = 6) => {
    const list = (values: readonly number[]) => ['(', ...values.flatMap((value) => ['K', value]), 't'];
    return read(rebuild, ...storage(length), 'K', offset, ...list(size), ...list(stride), 0x89, 'NtR.');
  };

  it('are views of a storage', () => {
    expect(tensor(1, [2, 2], [2, 1])).toMatchObject({
      kind: 'tensor',
      offset: 1,
      shape: [2, 2],
      strides: [2, 1],
      storage: { key: '0', length: 6 },
    });
    expect(tensor(0, [], [])).toMatchObject({ shape: [] });
    expect(tensor(6, [0], [1])).toMatchObject({ shape: [0] });
  });

  it.each<[string, () => unknown, RegExp]>([
    ['past the end', () => tensor(1, [2, 3], [3, 1]), /lie within its 6 elements, got one that ends at 7/],
    ['larger than their storage', () => tensor(0, [200, 200], [0, 0]), /no larger than its storage of 6, got 40000/],
    ['of more strides than axes', () => tensor(0, [2], [1, 1]), /as many strides as axes/],
    ['of nine axes', () => tensor(0, Array(9).fill(1), Array(9).fill(1)), /at most 8/],
    ['without a storage', () => read(rebuild, 'NK', 0, '))', 0x89, 'NtR.'), /must have a storage/],
    [
      'of negative sizes',
      () => read(rebuild, ...storage(6), 'K', 0, 'J', 255, 255, 255, 255, 0x85, 'K', 1, 0x85, 0x89, 'NtR.'),
      /whole and not negative/,
    ],
  ])('%s are refused', (_title, work, reason) => {
    expect(work).toThrow(ModelError);
    expect(work).toThrow(reason);
  });

  it('keep their shape when the pickle changes its lists afterwards', () => {
    const late = read(
      ']q',
      0,
      '(K',
      2,
      'e0',
      rebuild,
      ...storage(6),
      'K',
      0,
      'h',
      0,
      'K',
      1,
      0x85,
      0x89,
      'NtRq',
      1,
      '0h',
      0,
      '(K',
      9,
      'e0h',
      1,
      '.',
    );
    expect(late).toMatchObject({ shape: [2] });
  });
});
