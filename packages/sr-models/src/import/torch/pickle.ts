/**
 * A pickle reader that never executes anything: the opcodes that plain data needs, and names from an allow-list, each a function of ours.
 *
 * Python's `pickle` is a stack machine whose programs call any function by name; that is why loading a foreign `.pt` in Python runs foreign code. Here
 * a name that is not on the list ends the reading, with the name. Memory is bounded by the file: each opcode makes at most one small object,
 * and lengths are checked against what is left.
 */
import { unreadable } from '../tensor.js';
import type { Cursor } from './bytes.js';
import { globalNamed } from './globals.js';
import { ofKind, type PickleValue } from './values.js';

/** Looks a persistent id up: in PyTorch's files, a storage. */
export type PersistentLoad = (id: PickleValue) => PickleValue;

/** Reads one pickle and leaves the cursor behind it. @throws ModelError for a damaged one, or one that holds more than data */
export function readPickle(cursor: Cursor, persistentLoad: PersistentLoad): PickleValue {
  const machine: Machine = { cursor, persistentLoad, stack: [], marks: [], memo: new Map() };
  for (;;) {
    const at = cursor.at;
    const code = cursor.u8();
    if (code === STOP) return pop(machine);
    const run = opcodes[code];
    if (!run) {
      throw unreadable(`pickle must hold plain data, got opcode 0x${code.toString(16)} at ${at}`, 'save a state_dict');
    }
    run(machine);
  }
}

interface Machine {
  readonly cursor: Cursor;
  readonly persistentLoad: PersistentLoad;
  readonly stack: PickleValue[];
  /** Heights of the stack. */
  readonly marks: number[];
  readonly memo: Map<number, PickleValue>;
}

const STOP = 0x2e;

function pop({ stack, marks }: Machine): PickleValue {
  const value = stack.pop();
  if (value === undefined || stack.length < (marks.at(-1) ?? 0)) throw unreadable('pickle takes what it has not put');
  return value;
}

function top({ stack }: Machine): PickleValue {
  const value = stack.at(-1);
  if (value === undefined) throw unreadable('pickle uses what it has not put');
  return value;
}

/** Everything above the last mark. */
function popMark({ stack, marks }: Machine): PickleValue[] {
  const height = marks.pop();
  if (height === undefined) throw unreadable('pickle ends a group that it has not begun');
  return stack.splice(height);
}

function setItems(machine: Machine, items: readonly PickleValue[]): void {
  const dict = top(machine);
  if (!(dict instanceof Map) || items.length % 2 === 1) throw unreadable('pickle must set items of a dict, in pairs');
  for (let i = 0; i < items.length; i += 2) dict.set(items[i] as PickleValue, items[i + 1] as PickleValue);
}

function append(machine: Machine, items: readonly PickleValue[]): void {
  const list = top(machine);
  if (!Array.isArray(list)) throw unreadable('pickle must append to a list');
  for (const item of items) list.push(item);
}

function call(machine: Machine): void {
  const args = pop(machine);
  const callee = ofKind(pop(machine), 'global')?.call;
  if (!callee || !Array.isArray(args)) {
    throw unreadable('pickle must call a name of the allow-list with arguments, got something else');
  }
  machine.stack.push(callee(args));
}

/** Little-endian two's complement of any length; tensors' sizes are short. */
function readLong({ cursor }: Machine, length: number): number | bigint {
  if (length > 64) throw unreadable(`a whole number must have at most 64 bytes, got ${length}`);
  const bytes = cursor.take(length);
  const unsigned = bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const value = BigInt.asIntN(8 * length, unsigned);
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

function remembered({ memo }: Machine, index: number): PickleValue {
  const value = memo.get(index);
  if (value === undefined) throw unreadable(`pickle recalls entry ${index}, which it has not made`);
  return value;
}

const push =
  (make: (machine: Machine) => PickleValue) =>
  (machine: Machine): void => {
    const value = make(machine);
    machine.stack.push(value);
  };
const tuple = (size: number) => push((machine) => Array.from({ length: size }, () => pop(machine)).reverse());
const text = (length: (cursor: Cursor) => number) => push(({ cursor }) => cursor.utf8(length(cursor)));
const binary = (length: (cursor: Cursor) => number) => push(({ cursor }) => cursor.take(length(cursor)).slice());
const put = (index: (machine: Machine) => number) => (machine: Machine) => {
  machine.memo.set(index(machine), top(machine));
};

/** By code, in the order of Python's `pickletools`. */
const opcodes: Readonly<Record<number, (machine: Machine) => void>> = {
  128: ({ cursor }) => {
    const protocol = cursor.u8();
    if (protocol > 5) throw unreadable(`pickle protocol must be at most 5, got ${protocol}`, 'save it with protocol 2');
  },
  149: ({ cursor }) => void cursor.u64(), // FRAME: a length to read ahead
  74: push(({ cursor }) => cursor.i32()),
  75: push(({ cursor }) => cursor.u8()),
  77: push(({ cursor }) => cursor.u16()),
  138: push((machine) => readLong(machine, machine.cursor.u8())),
  139: push((machine) => readLong(machine, machine.cursor.u32())),
  71: push(({ cursor }) => cursor.f64()),
  78: push(() => null),
  136: push(() => true),
  137: push(() => false),
  88: text((cursor) => cursor.u32()),
  140: text((cursor) => cursor.u8()),
  141: text((cursor) => cursor.u64()),
  85: text((cursor) => cursor.u8()), // strings of Python 2
  84: text((cursor) => cursor.u32()),
  66: binary((cursor) => cursor.u32()),
  67: binary((cursor) => cursor.u8()),
  142: binary((cursor) => cursor.u64()),
  93: push(() => []),
  97: (machine) => append(machine, [pop(machine)]),
  101: (machine) => append(machine, popMark(machine)),
  41: push(() => []),
  116: push((machine) => popMark(machine)),
  133: tuple(1),
  134: tuple(2),
  135: tuple(3),
  125: push(() => new Map()),
  115: (machine) => {
    const value = pop(machine);
    setItems(machine, [pop(machine), value]);
  },
  117: (machine) => setItems(machine, popMark(machine)),
  40: ({ stack, marks }) => void marks.push(stack.length),
  48: (machine) => void pop(machine),
  49: (machine) => void popMark(machine),
  113: put(({ cursor }) => cursor.u8()),
  114: put(({ cursor }) => cursor.u32()),
  148: put(({ memo }) => memo.size),
  104: push((machine) => remembered(machine, machine.cursor.u8())),
  106: push((machine) => remembered(machine, machine.cursor.u32())),
  99: push(({ cursor }) => globalNamed(cursor.line(), cursor.line())),
  147: push((machine) => {
    const name = pop(machine);
    const module = pop(machine);
    if (typeof name !== 'string' || typeof module !== 'string') throw unreadable('pickle must name objects by text');
    return globalNamed(module, name);
  }),
  82: call,
  129: call,
  98: (machine) => {
    // Attributes of a dict, such as a state dict's `_metadata`: data that nothing here needs.
    pop(machine);
    if (!(top(machine) instanceof Map)) throw unreadable('pickle must give attributes to dicts only');
  },
  81: push((machine) => machine.persistentLoad(pop(machine))),
};
