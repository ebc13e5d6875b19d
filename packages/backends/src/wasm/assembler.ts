/**
 * A small WebAssembly assembler: functions as nested lists of bytes, in one module that imports its memory.
 *
 * Only the instructions that this package's kernels need are here. Every instruction takes the code of its operands, so that a body reads like an
 * expression: `set('acc', f32x4.add(get('acc'), f32x4.mul(a, b)))`. The result is a few kilobytes and compiles in under a millisecond.
 */

/** Bytes of code. */
export type Code = readonly number[];
/** A WebAssembly value type. */
export type ValueType = 'i32' | 'f32' | 'v128';

/** One function: parameters and locals by name; `body` gets the code that reads and writes them. */
export interface WasmFunction {
  readonly name: string;
  readonly params: Readonly<Record<string, ValueType>>;
  readonly locals: Readonly<Record<string, ValueType>>;
  readonly body: (locals: LocalAccess) => readonly Code[];
}

/** Code that reads or writes a local by its name. */
export interface LocalAccess {
  readonly get: (name: string) => Code;
  readonly set: (name: string, value: Code) => Code;
  readonly tee: (name: string, value: Code) => Code;
}

const typeCodes = { i32: 0x7f, f32: 0x7d, v128: 0x7b } satisfies Record<ValueType, number>;

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

const simd = (opcode: number): Code => [0xfd, ...unsigned(opcode)];
const binary = (code: Code) => (left: Code, right: Code) => [...left, ...right, ...code];
const unary = (code: Code) => (value: Code) => [...value, ...code];
const load = (code: Code) => (address: Code, offset: number) => [...address, ...code, 0, ...unsigned(offset)];

const laneStore =
  (opcode: number) =>
  (address: Code, value: Code): Code => [...[...address, ...value, ...simd(opcode)], ...[0, 0, 0]];

/** 32-bit integers: addresses and counters. */
export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  add: binary([0x6a]),
  sub: binary([0x6b]),
  mul: binary([0x6c]),
  ne: binary([0x47]),
  geS: binary([0x4e]),
  /** The lesser of two signed numbers; each is needed twice, so they are locals' codes. */
  minS: (a: Code, b: Code): Code => [...a, ...b, ...a, ...b, 0x48, 0x1b],
} as const;

/** Lanes of two vectors, 0..3 of the first and 4..7 of the second. */
const picked = (first: Code, second: Code, order: readonly number[]): Code => [
  ...[...first, ...second, ...simd(0x0d)],
  ...order.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]),
];
/** Lanes of a vector in another order; `lanes` is evaluated twice. */
const shuffled = (lanes: Code, order: readonly number[]): Code => picked(lanes, lanes, order);

/** Single floats. */
export const f32 = {
  const: (value: number): Code => [0x43, ...new Uint8Array(Float32Array.of(value).buffer)],
} as const;

/** Vectors of four floats; comparisons give masks, lanes of all ones or all zeros. */
export const f32x4 = {
  splat: unary(simd(0x13)),
  /** One number in all four lanes. */
  const: (value: number): Code => [...f32.const(value), ...simd(0x13)],
  floor: unary(simd(0x68)),
  /** To the nearest integer, ties to even. */
  nearest: unary(simd(0x6a)),
  eq: binary(simd(0x41)),
  ne: binary(simd(0x42)),
  lt: binary(simd(0x43)),
  gt: binary(simd(0x44)),
  le: binary(simd(0x45)),
  ge: binary(simd(0x46)),
  abs: unary(simd(0xe0)),
  sqrt: unary(simd(0xe3)),
  add: binary(simd(0xe4)),
  sub: binary(simd(0xe5)),
  mul: binary(simd(0xe6)),
  div: binary(simd(0xe7)),
  min: binary(simd(0xe8)),
  max: binary(simd(0xe9)),
  /** The sum of the four lanes, `(0 + 1) + (2 + 3)`, in the first one; `lanes` is a local's code, since it is needed more than once. */
  sumOfLanes: (lanes: Code): Code => {
    const pairs = [...lanes, ...shuffled(lanes, [1, 0, 3, 2]), ...simd(0xe4)];
    return [...pairs, ...shuffled(pairs, [2, 3, 0, 1]), ...simd(0xe4)];
  },
  /** Four lanes of two vectors, 0..3 of the first and 4..7 of the second. */
  pick: picked,
  /** `b < a ? b : a`: keeps a NaN or a negative zero in `a`. */
  pmin: binary(simd(0xea)),
  /** `a < b ? b : a`: keeps a NaN or a negative zero in `a`. */
  pmax: binary(simd(0xeb)),
} as const;

/** Vectors of two doubles. */
export const f64x2 = {
  add: binary(simd(0xf0)),
  /** The first two of four floats. */
  fromLowFloats: unary(simd(0x5f)),
  /** The last two of four floats; `floats` is a local's code, since it is needed twice. */
  fromHighFloats: (floats: Code): Code => [...shuffled(floats, [2, 3, 0, 1]), ...simd(0x5f)],
} as const;

/** Masks of four lanes from and to four bytes that are 0 or 1. */
export const mask = {
  /** Bytes 0..3 (0 or not) to lanes. */
  fromBytes: (bytes: Code): Code => [...bytes, ...simd(0x89), ...simd(0xa9), ...v128.zero(), ...simd(0x38)],
  /** Lanes to bytes 0..3, each 0 or 1; `lanes` is a local's code, since it is needed twice. */
  toBytes: (lanes: Code): Code => {
    const words = [...lanes, ...lanes, ...simd(0x85)];
    return [...words, ...words, ...simd(0x65), ...simd(0x61)];
  },
} as const;

/** Vectors as bits, and their loads and stores (byte `offset` from the address). */
export const v128 = {
  load: load(simd(0x00)),
  /** One byte into all sixteen. */
  loadSplat8: load(simd(0x07)),
  /** One float into all four lanes. */
  loadSplat: load(simd(0x09)),
  /** Four bytes, the rest zero. */
  loadZero32: load(simd(0x5c)),
  store: (address: Code, offset: number, value: Code): Code => [
    ...[...address, ...value, ...simd(0x0b)],
    ...[0, ...unsigned(offset)],
  ],
  /** Stores the first byte only. */
  storeLane8: laneStore(0x58),
  /** Stores the first four bytes only. */
  storeLane32: laneStore(0x5a),
  and: binary(simd(0x4e)),
  /** `a & ~b` */
  andNot: binary(simd(0x4f)),
  or: binary(simd(0x50)),
  /** `mask ? yes : no`, bit by bit. */
  select: (yes: Code, no: Code, lanes: Code): Code => [...yes, ...no, ...lanes, ...simd(0x52)],
  zero: (): Code => [...simd(0x0c), ...new Array<number>(16).fill(0)],
} as const;

/** Repeats `body`, which must count `counter` down itself, while `condition` is not zero; the body runs at least once. */
export function repeatWhile(body: readonly Code[], condition: Code): Code {
  return [0x03, 0x40, ...body.flat(), ...condition, 0x0d, 0, 0x0b];
}

/** Runs `body` when `condition` is not zero. */
export function when(condition: Code, body: readonly Code[]): Code {
  return [...condition, 0x04, 0x40, ...body.flat(), 0x0b];
}

function localAccess(names: readonly string[]): LocalAccess {
  const index = (name: string): number[] => {
    const at = names.indexOf(name);
    if (at < 0) throw new RangeError(`no local named ${name}`);
    return unsigned(at);
  };
  return {
    get: (name) => [0x20, ...index(name)],
    set: (name, value) => [...value, 0x21, ...index(name)],
    tee: (name, value) => [...value, 0x22, ...index(name)],
  };
}

const vector = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()];
const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content];
const text = (value: string): Code => vector([...new TextEncoder().encode(value)].map((byte) => [byte]));

function functionBody({ params, locals, body }: WasmFunction): Code {
  const declared = Object.values(locals).map((type) => [1, typeCodes[type]]);
  const access = localAccess([...Object.keys(params), ...Object.keys(locals)]);
  const content = [...vector(declared), ...body(access).flat(), 0x0b];
  return [...unsigned(content.length), ...content];
}

/**
 * The bytes of a module that imports the memory `env.memory` and exports every function under its name; functions return nothing.
 *
 * @param sharedMemory whether the imported memory is shared between threads
 *
 * @example
 * new WebAssembly.Instance(new WebAssembly.Module(assemble(functions, false)), { env: { memory } });
 */
export function assemble(functions: readonly WasmFunction[], sharedMemory: boolean): Uint8Array<ArrayBuffer> {
  const limits = sharedMemory ? [3, 0, ...unsigned(65536)] : [0, 0];
  const types = functions.map(({ params }) => [
    0x60,
    ...vector(Object.values(params).map((type) => [typeCodes[type]])),
    0,
  ]);
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(types)),
    ...section(2, vector([[...text('env'), ...text('memory'), 0x02, ...limits]])),
    ...section(3, vector(functions.map((_, at) => unsigned(at)))),
    ...section(7, vector(functions.map(({ name }, at) => [...text(name), 0x00, ...unsigned(at)]))),
    ...section(10, vector(functions.map(functionBody))),
  ]);
}
