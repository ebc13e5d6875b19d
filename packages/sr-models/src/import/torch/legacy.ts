/** Files of torch.save before 1.6: a magic number, a protocol, the writing system, the object, the storages' keys, each a pickle; then the storages. */
import { dtypes } from '../dtypes.js';
import { unreadable } from '../tensor.js';
import { Cursor } from './bytes.js';
import { readPickle } from './pickle.js';
import { storageOf } from './storage.js';
import type { PickleValue, Storage } from './values.js';

/** Torch's magic number, 0x1950a86a20f9469cfc6c, as the pickle that a file begins with. */
export const legacyMagic = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];

/** What torch.save wrote: the object, and the bytes of its storages. */
export interface TorchFile {
  readonly object: PickleValue;
  /** All elements that a storage's key stands for, little endian. */
  readonly bytesOf: (storage: Storage) => Promise<Uint8Array>;
}

/** Reads a legacy file. @throws ModelError when it is damaged or holds more than data */
export function readLegacy(bytes: Uint8Array): TorchFile {
  const cursor = new Cursor(bytes);
  const refuse = (): never => {
    throw unreadable('the head of a torch file must be plain data, got persistent ids');
  };
  readPickle(cursor, refuse);
  const protocol = readPickle(cursor, refuse);
  if (protocol !== 1001) throw unreadable(`torch protocol must be 1001, got ${String(protocol)}`, 'save it again');
  const system = readPickle(cursor, refuse);
  if (!(system instanceof Map) || system.get('little_endian') !== true) {
    throw unreadable('file must be little endian, got another', 'save it on a little-endian machine');
  }
  const storages = new Map<string, Storage>();
  const object = readPickle(cursor, (id) => {
    const storage = storageOf(id);
    storages.set(storage.key, storage);
    return storage;
  });
  const keys = readPickle(cursor, refuse);
  if (!Array.isArray(keys)) throw unreadable('file must list its storages, got something else');
  const contents = new Map<string, Uint8Array>();
  for (const key of keys) {
    const storage = storages.get(String(key));
    if (!storage) throw unreadable(`file lists the storage ${String(key).slice(0, 40)}, which no tensor uses`);
    contents.set(storage.key, cursor.take(cursor.u64() * dtypes[storage.dtype].bytes));
  }
  return {
    object,
    bytesOf: async ({ key }) => {
      const content = contents.get(key);
      if (content) return content;
      throw unreadable(`file must hold the storage ${key}, got none`);
    },
  };
}
