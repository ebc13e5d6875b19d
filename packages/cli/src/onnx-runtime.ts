/** ONNX Runtime, where it is installed: an optional peer, which only verification and comparison need. */
import type { OnnxRun } from '@fqsr/sr-models';
import type * as Ort from 'onnxruntime-web';
import { CliError } from './errors.js';

/** Packages that provide it, best first: native, then WebAssembly. */
export const onnxPackages = ['onnxruntime-node', 'onnxruntime-web'] as const;

/** What runs ONNX files. */
export interface OnnxRuntime {
  /** Package and version, e.g. `onnxruntime-web 1.30.0`. */
  readonly label: string;
  readonly run: OnnxRun;
}

/**
 * The first of these packages that is installed, on one thread.
 *
 * @throws CliError naming what to install when there is none
 */
export async function openOnnxRuntime(packages: readonly string[] = onnxPackages): Promise<OnnxRuntime> {
  for (const name of packages) {
    const ort = await importIfInstalled(name);
    if (ort) return runtimeOf(name, ort);
  }
  throw new CliError(
    `export: ONNX files are verified in ONNX Runtime, and none of ${packages.join(', ')} is installed (npm install onnxruntime-node, or take --unverified)`,
  );
}

function runtimeOf(name: string, ort: typeof Ort): OnnxRuntime {
  ort.env.wasm.numThreads = 1;
  const { versions } = ort.env;
  return {
    label: `${name} ${(name.endsWith('node') ? versions.node : versions.web) ?? versions.common}`,
    run: async (file, { image: { data, dims } }) => {
      const session = await ort.InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 3 });
      try {
        const results = await session.run({ image: new ort.Tensor('uint8', data, dims) });
        return Object.fromEntries(
          Object.entries(results).map(([output, tensor]) => [
            output,
            { data: levelsOf(output, tensor), dims: tensor.dims },
          ]),
        );
      } finally {
        await session.release();
      }
    },
  };
}

/** @throws CliError for another type than the file declares */
function levelsOf(output: string, { data, type }: Ort.Tensor): Uint8Array {
  if (data instanceof Uint8Array) return data;
  throw new CliError(`export: ${output} must come out as uint8, got ${type} (report this)`);
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
