/** The only names that a pickle may refer to: those that tensors and state dicts are made of. Each is a function of ours; nothing of Python runs. */
import type { DtypeName } from '../dtypes.js';
import { checkView } from '../strided.js';
import { unreadable } from '../tensor.js';
import { type Global, ofKind, type PickleValue } from './values.js';

const rebuildTensor = ([storage, offset, shape, strides]: readonly PickleValue[]): PickleValue => {
  const found = ofKind(storage, 'storage');
  if (!found) throw unreadable('a tensor must have a storage, got none');
  const view = { offset: offset as number, shape: shape as number[], strides: strides as number[] };
  checkView(view, found.length);
  // Copies: the pickle may still change its lists.
  return { kind: 'tensor', storage: found, offset: view.offset, shape: [...view.shape], strides: [...view.strides] };
};

const orderedDict = (args: readonly PickleValue[]): PickleValue => {
  if (args.length === 0) return new Map();
  throw unreadable('an OrderedDict must be made empty, got one made of a list', 'save it again by Python 3');
};

const first = ([value]: readonly PickleValue[]): PickleValue => value ?? null;

const storages: Readonly<Record<string, DtypeName>> = {
  FloatStorage: 'float32',
  DoubleStorage: 'float64',
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
  LongStorage: 'int64',
  IntStorage: 'int32',
  ShortStorage: 'int16',
  CharStorage: 'int8',
  ByteStorage: 'uint8',
  BoolStorage: 'bool',
};

const calls: Readonly<Record<string, (args: readonly PickleValue[]) => PickleValue>> = {
  'collections.OrderedDict': orderedDict,
  'torch._utils._rebuild_tensor': rebuildTensor,
  'torch._utils._rebuild_tensor_v2': rebuildTensor,
  'torch._utils._rebuild_parameter': first,
  'torch._utils._rebuild_parameter_with_state': first,
  'torch.nn.parameter.Parameter': first,
  'torch.Size': first,
};

const named = (name: string, call: Global['call'], dtype: DtypeName | null = null): [string, Global] => [
  name,
  { kind: 'global', name, call, dtype },
];

const byName: ReadonlyMap<string, Global> = new Map([
  ...Object.entries(calls).map(([name, call]) => named(name, call)),
  ...Object.entries(storages).flatMap(([type, dtype]) =>
    [`torch.${type}`, `torch.cuda.${type}`].map((name) => named(name, null, dtype)),
  ),
]);

/** @throws ModelError naming what is not on the list */
export function globalNamed(module: string, name: string): Global {
  const found = byName.get(`${module}.${name}`);
  if (found) return found;
  throw unreadable(
    `file must hold tensors only, got the Python object ${`${module}.${name}`.slice(0, 80)}`,
    'nothing of a file is executed; save the weights alone: torch.save(model.state_dict(), path)',
  );
}
