/** From what torch.save wrote to tensors by name. */
import { type DtypeName, decodeFloats, dtypes } from '../dtypes.js';
import { gather, spanOf } from '../strided.js';
import { type ForeignFile, type ForeignTensor, unreadable } from '../tensor.js';
import { legacyMagic, readLegacy, type TorchFile } from './legacy.js';
import { ofKind, type PickleValue, type StoredTensor } from './values.js';
import { readZip } from './zip.js';

/** Keys under which training programs keep the weights, the best first. */
const wrappers = ['params_ema', 'params', 'state_dict', 'model_state_dict', 'generator', 'netG', 'net', 'model'];

/** Whether a file begins as one of torch.save. */
export function torchFormat(bytes: Uint8Array): 'torch zip' | 'torch legacy' | null {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return 'torch zip';
  return legacyMagic.every((byte, i) => bytes[i] === byte) ? 'torch legacy' : null;
}

/** Reads a file of torch.save. @throws ModelError with the reason when it cannot */
export async function readTorch(bytes: Uint8Array, format: 'torch zip' | 'torch legacy'): Promise<ForeignFile> {
  const file = format === 'torch zip' ? await readZip(bytes) : readLegacy(bytes);
  const { tensors, wrapper } = stateDict(file.object);
  const metadata: Record<string, string> = wrapper === null ? {} : { 'state dict': wrapper };
  return {
    format,
    metadata,
    tensors: new Map([...tensors].map(([name, tensor]) => [name, foreign(name, tensor, file)])),
  };
}

/** The first map of tensors: the object itself, or what it keeps under one of the usual keys. */
function stateDict(object: PickleValue): { tensors: ReadonlyMap<string, StoredTensor>; wrapper: string | null } {
  if (!(object instanceof Map)) {
    throw unreadable('file must hold a state_dict, got no dict', 'torch.save(model.state_dict(), path)');
  }
  const own = tensorsOf(object);
  if (own) return { tensors: own, wrapper: null };
  for (const wrapper of wrappers) {
    const inner = object.get(wrapper);
    const tensors = inner instanceof Map ? tensorsOf(inner) : null;
    if (tensors) return { tensors, wrapper };
  }
  const keys = [...object.keys()].slice(0, 6).map((key) => String(key).slice(0, 40));
  throw unreadable(
    `file must hold a state_dict, or one under ${wrappers.join(', ')}, got keys ${keys.join(', ') || 'none'}`,
    'torch.save(model.state_dict(), path)',
  );
}

/** The tensors of a dict by name; `null` where it has none. */
function tensorsOf(dict: ReadonlyMap<PickleValue, PickleValue>): ReadonlyMap<string, StoredTensor> | null {
  const tensors = new Map<string, StoredTensor>();
  for (const [name, value] of dict) {
    const tensor = ofKind(value, 'tensor');
    if (typeof name === 'string' && tensor) tensors.set(name, tensor);
  }
  return tensors.size > 0 ? tensors : null;
}

function foreign(name: string, tensor: StoredTensor, { bytesOf }: TorchFile): ForeignTensor {
  const { storage, shape } = tensor;
  const dtype: DtypeName = storage.dtype;
  return {
    shape,
    dtype,
    read: async () => {
      const { bytes: width } = dtypes[dtype];
      const all = await bytesOf(storage);
      const wanted = (storage.start + storage.length) * width;
      if (all.length < wanted) throw unreadable(`${name} must have a storage of ${wanted} bytes, got ${all.length}`);
      // Of a storage that many tensors share, only what this one looks at.
      const { begin, end } = spanOf(tensor);
      const span = all.subarray((storage.start + begin) * width, (storage.start + end) * width);
      return gather({ ...tensor, offset: 0 }, decodeFloats(span, dtype, name));
    },
  };
}
