/**
 * What a host can do: its backends, what they compute and how fast, its GPU, and what to do about what is missing.
 */
import * as tf from '@tensorflow/tfjs';
import { BackendError } from './error.js';
import { probeBackends } from './probe.js';
import { measureSpeed, type Speed } from './speed.js';
import { type BackendChoice, type BackendName, useBackend } from './use-backend.js';
import { webAssembly } from './wasm/host.js';
import { type AdapterDescription, findAdapter } from './webgpu/adapter.js';

/** One operation on one backend. */
export interface OperationReport {
  readonly op: string;
  readonly cases: number;
  /** Whether all cases are within their bound of a float64 reference. */
  readonly holds: boolean;
  /** How it differs, where that is known of this backend; else empty. */
  readonly known: string;
}

/** One backend. */
export interface BackendReport {
  readonly name: BackendName;
  readonly available: boolean;
  readonly why: string;
  readonly speed: Speed | null;
  /** Empty where the backend does not start. */
  readonly operations: readonly OperationReport[];
}

/** The GPU, or whatever WebGPU has in its place. */
export interface GpuReport extends AdapterDescription {
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
}

/** All that {@link examineHost} finds. */
export interface HostReport {
  /** `SharedArrayBuffer`, which threads share. */
  readonly sharedMemory: boolean;
  /** Whether a page may share memory; `null` outside of browsers. */
  readonly crossOriginIsolated: boolean | null;
  readonly logicalCores: number;
  readonly wasm: { readonly simd: boolean; readonly relaxedSimd: boolean };
  readonly gpu: GpuReport | null;
  readonly backends: readonly BackendReport[];
  /** What `useBackend('auto')` takes here. */
  readonly auto: BackendChoice;
  /** What to do, in sentences; empty where all is well. */
  readonly advice: readonly string[];
}

const limitNames = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupsPerDimension',
] as const;

async function examineGpu(): Promise<GpuReport | null> {
  try {
    const { adapter, description } = await findAdapter();
    const limits = Object.fromEntries(limitNames.map((name) => [name, adapter.limits[name]]));
    return { ...description, features: [...adapter.features].sort(), limits };
  } catch (error) {
    if (error instanceof BackendError) return null;
    throw error;
  }
}

/** Whether a function that applies a SIMD instruction to two vectors of bytes is valid here. */
function hasInstruction(...code: readonly number[]): boolean {
  const body = [0, 65, 1, 253, 15, 65, 2, 253, 15, 253, ...code, 11];
  const type = [1, 5, 1, 96, 0, 1, 123];
  const bytes = [0, 97, 115, 109, 1, 0, 0, 0, ...type, 3, 2, 1, 0, 10, body.length + 2, 1, body.length, ...body];
  return webAssembly().validate(Uint8Array.from(bytes));
}

/** Runs `work` with TF.js kept from computing small tensors of its WebGPU backend on the CPU. */
async function onGpuAlone<T>(work: () => Promise<T>): Promise<T> {
  const before = tf.env().getBool('WEBGPU_CPU_FORWARD');
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  try {
    return await work();
  } finally {
    tf.env().set('WEBGPU_CPU_FORWARD', before);
  }
}

/** Runs all conformance cases on the current backend; one entry for each operation. */
async function examineOperations(name: BackendName): Promise<readonly OperationReport[]> {
  const { deviations, holds, runAll } = await import('./conformance/index.js');
  const outcomes = name === 'webgpu' ? await onGpuAlone(runAll) : await runAll();
  return [...new Set(outcomes.map(({ op }) => op))].map((op) => {
    const own = outcomes.filter((outcome) => outcome.op === op);
    const all = own.every(holds);
    return { op, cases: own.length, holds: all, known: all ? '' : (deviations[op]?.[name] ?? '') };
  });
}

function adviceFor(gpu: GpuReport | null, backends: readonly BackendReport[], cores: number): readonly string[] {
  const broken = backends.flatMap(({ name, operations }) => {
    const failing = operations.filter(({ holds, known }) => !holds && known === '').map(({ op }) => op);
    return failing.length > 0
      ? [`Do not train on ${name} here: out of bounds are ${failing.join(', ')}. Please report it.`]
      : [];
  });
  const missing = backends.filter(({ available }) => !available).map(({ why }) => why);
  const software = gpu?.software
    ? ['WebGPU has only a software device: train on wasm. If there is a GPU, install its driver.']
    : [];
  const alone =
    gpu && !gpu.software ? [] : [`WASM trains on one thread: run one training for each of the ${cores} cores.`];
  return [...broken, ...missing, ...software, ...(cores > 1 ? alone : [])];
}

/**
 * Starts every backend, runs all conformance cases on it and measures its speed, which takes some seconds. What `auto` takes is set afterwards.
 *
 * @param onProgress called before each backend
 *
 * @example
 * const { auto, backends, advice } = await examineHost();
 * backends.find(({ name }) => name === auto.name)?.speed?.forward; // 40, GFLOP/s
 */
export async function examineHost(onProgress: (name: BackendName) => void = () => {}): Promise<HostReport> {
  const logicalCores = (globalThis as { readonly navigator?: { readonly hardwareConcurrency?: number } }).navigator
    ?.hardwareConcurrency;
  const cores = logicalCores ?? process.getBuiltinModule('node:os').availableParallelism();
  const backends: BackendReport[] = [];
  for (const { name, available, why } of await probeBackends()) {
    if (!available) {
      backends.push({ name, available, why, speed: null, operations: [] });
      continue;
    }
    onProgress(name);
    await useBackend(name);
    backends.push({ name, available, why, speed: await measureSpeed(), operations: await examineOperations(name) });
  }
  const gpu = await examineGpu();
  return {
    sharedMemory: typeof SharedArrayBuffer !== 'undefined',
    crossOriginIsolated: Reflect.get(globalThis, 'crossOriginIsolated') ?? null,
    logicalCores: cores,
    wasm: { simd: hasInstruction(14), relaxedSimd: hasInstruction(128, 2) },
    gpu,
    backends,
    auto: await useBackend('auto'),
    advice: adviceFor(gpu, backends, cores),
  };
}
