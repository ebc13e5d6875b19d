/** What a pickled state dict is made of, once read. Nothing in it can run. */
import type { DtypeName } from '../dtypes.js';
import type { Strided } from '../strided.js';

/** A run of elements that tensors look into. */
export interface Storage {
  readonly kind: 'storage';
  readonly dtype: DtypeName;
  /** Its name in the file. */
  readonly key: string;
  /** Elements. */
  readonly length: number;
  /** Elements before the first, for a storage that is a view of another. */
  readonly start: number;
}

/** A tensor: a view of a storage. */
export interface StoredTensor extends Strided {
  readonly kind: 'tensor';
  readonly storage: Storage;
}

/** A name that a pickle refers to: on the allow-list, or the reader would have refused. */
export interface Global {
  readonly kind: 'global';
  readonly name: string;
  /** What a call of it gives; `null` where it is only named, such as a storage's type. */
  readonly call: ((args: readonly PickleValue[]) => PickleValue) | null;
  /** Element type, for a storage's type. */
  readonly dtype: DtypeName | null;
}

/** Values that are neither plain numbers and text nor lists and dicts. */
type Tagged = Storage | StoredTensor | Global;

/** Any value of a pickle. Lists and tuples are arrays, dicts are maps. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Tagged
  | PickleValue[]
  | Map<PickleValue, PickleValue>;

/** The value, when it is of that kind. */
export function ofKind<Kind extends Tagged['kind']>(
  value: PickleValue | undefined,
  kind: Kind,
): Extract<Tagged, { kind: Kind }> | null {
  if (typeof value !== 'object' || value === null || !('kind' in value) || value.kind !== kind) return null;
  return value as Extract<Tagged, { kind: Kind }>;
}
