/** One linear memory with the kernels' module on it: a bump allocator for what lives as long as the model, and room above it for images. */
import { RuntimeError } from '../../error.js';
import { binary } from './binary.generated.js';

/** The kernels. */
export interface WasmKernels {
  /** Computes up to `count` blocks of the job at that address; whether there may be more. `scratch` belongs to the caller's thread. */
  work(job: number, scratch: number, count: number): number;
  /** Transforms filters; all but sizes are addresses, see `assembly/pack.ts`. */
  pack(
    levels: number,
    kernelHeight: number,
    kernelWidth: number,
    inChannels: number,
    outChannels: number,
    padded: number,
    factors: number,
    rows: number,
    columns: number,
    temp: number,
    to: number,
    position: number,
  ): void;
}

interface LinearMemory {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}

/** The part of `WebAssembly` in use, which has no types without the DOM library. */
interface WebAssemblyApi {
  validate(bytes: Uint8Array): boolean;
  readonly Memory: new (limits: { initial: number; maximum: number; shared: boolean }) => LinearMemory;
  instantiate(
    bytes: Uint8Array,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ): Promise<{ readonly instance: { readonly exports: unknown }; readonly module: object }>;
}

/** The module, whose memory is shared. */
const code = decode(binary);

const PAGE = 65536;
/** Most pages of a 32-bit memory. */
const PAGES = 65536;
/** Most pages of a shared memory, whose addresses hosts reserve at once: 2 GiB. */
const SHARED_PAGES = 32768;

/** Fewest pages that are added, 32 MiB: those that nothing touches take none of the host's memory, but hosts collect garbage when some have been added. */
const STEP = 512;

/** Memory and kernels. */
export interface Machine {
  readonly kernels: WasmKernels;
  /** What other threads start from. */
  readonly shared: { readonly module: object; readonly memory: object };
  /** Bytes of memory for as long as the model lives, 16-aligned, zero. */
  allocate(bytes: number): number;
  /** Where memory is free from, 16-aligned. */
  end(): number;
  /** Makes the memory at least that long. @throws RuntimeError where the host refuses */
  reserve(bytes: number): void;
  /** The memory as bytes; void after `reserve` or `allocate`. */
  bytes(): Uint8Array;
  /** As int32, by index of 4 bytes; void after `reserve` or `allocate`. */
  words(): Int32Array;
}

/** Whether the host has WebAssembly with what the kernels need. */
export function hasSimd(): boolean {
  const api = Reflect.get(globalThis, 'WebAssembly') as WebAssemblyApi | undefined;
  return api?.validate(unshared(code)) ?? false;
}

/**
 * A machine with an empty memory.
 *
 * @param isShared whether threads are to share the memory
 * @throws RuntimeError where the host has no WebAssembly with SIMD
 */
export async function openMachine(isShared: boolean): Promise<Machine> {
  const api = Reflect.get(globalThis, 'WebAssembly') as WebAssemblyApi | undefined;
  if (api === undefined) throw unsupported('none');
  const maximum = isShared ? SHARED_PAGES : PAGES;
  const memory = new api.Memory({ initial: 1, maximum, shared: isShared });
  const { instance, module } = await api
    .instantiate(isShared ? code : unshared(code), { env: { memory } })
    .catch((cause: unknown) => Promise.reject(unsupported((cause as Error).message)));
  let top = 1024;
  const reserve = (bytes: number): void => {
    const pages = memory.buffer.byteLength / PAGE;
    const missing = Math.ceil(bytes / PAGE) - pages;
    if (missing <= 0) return;
    try {
      memory.grow(Math.max(missing, Math.min(STEP, maximum - pages)));
    } catch (cause) {
      const problem = `the host must have ${Math.ceil(bytes / 2 ** 20)} MiB for this image, got a refusal`;
      throw new RuntimeError('upscale', problem, 'upscale it in tiles', { cause });
    }
  };
  return {
    kernels: instance.exports as WasmKernels,
    shared: { module, memory },
    allocate: (bytes) => {
      const at = top;
      top = Math.ceil((top + bytes) / 16) * 16;
      reserve(top);
      return at;
    },
    end: () => top,
    reserve,
    bytes: () => new Uint8Array(memory.buffer),
    words: () => new Int32Array(memory.buffer),
  };
}

function unsupported(got: string): RuntimeError {
  const problem = `the host must have WebAssembly with SIMD, got ${got}`;
  return new RuntimeError('load', problem, "update it, or use the backend 'reference'");
}

function decode(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/**
 * The module with an import of plain memory in place of shared memory: one bit of the limits' flags, which stand behind the import's names.
 *
 * @param module not changed
 */
function unshared(module: Uint8Array): Uint8Array {
  const name = [3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2]; // "env" "memory", a memory
  const at = module.findIndex((_, i) => name.every((byte, k) => module[i + k] === byte));
  const copy = module.slice();
  copy[at + name.length] = (copy[at + name.length] as number) & ~2;
  return copy;
}
