/** ONNX Runtime, where it is installed: an optional peer, which only verification and comparison need. */
import type { OnnxRun } from '@fqsr/sr-models';
import type * as Ort from 'onnxruntime-web';
import { CliError } from './errors.js';

/** Packages that provide it, best first: native, then WebAssembly. */
export const onnxPackages = ['onnxruntime-node', 'onnxruntime-web'] as const;

/** A tensor of a run. */
export interface OnnxTensor<Data = Uint8Array | Float32Array> {
  readonly data: Data;
  readonly dims: readonly number[];
}

/** A loaded file. */
export interface OnnxSession {
  /** Outputs by name. */
  readonly run: (feeds: Readonly<Record<string, OnnxTensor>>) => Promise<Readonly<Record<string, OnnxTensor>>>;
  readonly release: () => Promise<void>;
}

/** What runs ONNX files. */
export interface OnnxRuntime {
  /** Package and version, e.g. `onnxruntime-web 1.30.0`. */
  readonly label: string;
  /** @param threads of the first file that is opened in this process; onnxruntime-web keeps them for all others */
  readonly open: (file: Uint8Array, threads: number) => Promise<OnnxSession>;
  /** Opens a file of uint8 tensors, runs it once on one thread, and closes it. */
  readonly run: OnnxRun;
}

/** The first of these packages that is installed; null where none is. */
export async function findOnnxRuntime(packages: readonly string[]): Promise<OnnxRuntime | null> {
  for (const name of packages) {
    const ort = await importIfInstalled(name);
    if (ort) return runtimeOf(name, ort);
  }
  return null;
}

/**
 * The first of these packages that is installed.
 *
 * @throws CliError naming what to install when there is none
 */
export async function openOnnxRuntime(packages: readonly string[] = onnxPackages): Promise<OnnxRuntime> {
  const found = await findOnnxRuntime(packages);
  if (found) return found;
  throw new CliError(
    `export: ONNX files are verified in ONNX Runtime, and none of ${packages.join(', ')} is installed (npm install onnxruntime-node, or take --unverified)`,
  );
}

function runtimeOf(name: string, ort: typeof Ort): OnnxRuntime {
  const { versions } = ort.env;
  const open = (file: Uint8Array, threads: number) => openSession(ort, file, threads);
  return {
    label: `${name} ${(name.endsWith('node') ? versions.node : versions.web) ?? versions.common}`,
    open,
    run: async (file, feeds) => {
      const session = await open(file, 1);
      try {
        const results = await session.run(feeds);
        for (const [output, { data }] of Object.entries(results)) demandLevels(output, data);
        return results;
      } finally {
        await session.release();
      }
    },
  };
}

async function openSession(ort: typeof Ort, file: Uint8Array, threads: number): Promise<OnnxSession> {
  ort.env.wasm.numThreads = threads;
  const session = await ort.InferenceSession.create(file, { intraOpNumThreads: threads, logSeverityLevel: 3 });
  return {
    run: async (feeds) => {
      const tensors = Object.entries(feeds).map(([name, { data, dims }]) => [name, tensorOf(ort, data, dims)] as const);
      const results = await session.run(Object.fromEntries(tensors));
      return Object.fromEntries(
        Object.entries(results).map(([output, tensor]) => [
          output,
          { data: dataOf(output, tensor), dims: tensor.dims },
        ]),
      );
    },
    release: () => session.release(),
  };
}

function tensorOf(ort: typeof Ort, data: Uint8Array | Float32Array, dims: readonly number[]): Ort.Tensor {
  return data instanceof Uint8Array ? new ort.Tensor('uint8', data, dims) : new ort.Tensor('float32', data, dims);
}

/** @throws CliError for a type that none of our files declares */
function dataOf(output: string, { data, type }: Ort.Tensor): Uint8Array | Float32Array {
  if (data instanceof Uint8Array || data instanceof Float32Array) return data;
  throw new CliError(`export: ${output} must come out as uint8 or float32, got ${type} (report this)`);
}

/** @throws CliError for another type than quantized files declare */
function demandLevels(output: string, data: Uint8Array | Float32Array): void {
  if (data instanceof Uint8Array) return;
  throw new CliError(`export: ${output} must come out as uint8, got float32 (report this)`);
}

/** Null where the package is not installed; one that is installed and broken throws its own error. */
async function importIfInstalled(name: string): Promise<typeof Ort | null> {
  try {
    return await import(name);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_MODULE_NOT_FOUND' && message.includes(`'${name}'`)) return null;
    throw error;
  }
}
