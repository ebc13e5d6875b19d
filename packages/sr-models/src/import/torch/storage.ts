/** From persistent ids to storages. */
import { unreadable } from '../tensor.js';
import { ofKind, type PickleValue, type Storage } from './values.js';

/**
 * The storage that a persistent id stands for: `('storage', type, key, device, length)`, in old files followed by a view `(key, offset, length)` or None.
 *
 * @throws ModelError when it is no such thing
 */
export function storageOf(id: PickleValue): Storage {
  if (!Array.isArray(id) || id[0] !== 'storage')
    throw unreadable('persistent ids must be storages, got something else');
  const [, type, key, , length, view] = id;
  const isName = typeof key === 'string' || typeof key === 'number';
  const dtype = ofKind(type, 'global')?.dtype;
  if (!dtype || !isName || !isSize(length)) {
    throw unreadable('a storage must have a type, a key and a length, got something else');
  }
  if (!Array.isArray(view)) return { kind: 'storage', dtype, key: String(key), length, start: 0 };
  const [, start, part] = view;
  if (!isSize(start) || !isSize(part) || start + part > length) {
    throw unreadable(`a view of a storage must lie within its ${length} elements`);
  }
  return { kind: 'storage', dtype, key: String(key), length: part, start };
}

function isSize(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
