/** Structs and arrays in a machine's memory. */
import type { Machine } from './machine.js';

/** Writes fields of a struct at `address`. */
export function write<Field extends string>(
  machine: Machine,
  address: number,
  fields: Readonly<Record<Field, number>>,
  values: Partial<Record<Field, number>>,
): void {
  const words = machine.words();
  for (const [field, value] of Object.entries(values)) words[address / 4 + fields[field as Field]] = value as number;
}

/** A copy of an array in memory; its address. */
export function store(machine: Machine, data: Int16Array | Int32Array | Uint8Array): number {
  const address = machine.allocate(data.byteLength);
  machine.bytes().set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), address);
  return address;
}
