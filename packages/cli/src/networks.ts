/**
 * Whatever upscales an image: bicubic, a checkpoint by TensorFlow.js, an integer model by the runtime. Commands see one interface, and one reader of files.
 */
import { type Image, makeImage, resizeBicubic } from '@fqsr/datasets';
import { type LoadOptions, load, parseModel, type RowSource, type Strip } from '@fqsr/runtime';
import { readSafetensors } from '@fqsr/runtime/format';
import type { Checkpoint, ModelRef } from '@fqsr/sr-models';
import { CliError } from './errors.js';
import { readModelBytes } from './zoo.js';

/** An 8-bit RGB image that comes row by row. */
export interface RgbRows extends RowSource {
  readonly channels: 3;
  readonly data: AsyncIterable<Uint8Array>;
}

/** Something that upscales. */
export interface Network {
  readonly label: string;
  readonly arithmetic: 'bicubic' | 'float' | 'fake-quantized' | 'integer';
  readonly scale: number;
  /** @param onProgress share of the work done, 0..1 */
  readonly upscale: (image: Image, onProgress?: (share: number) => void) => Promise<Image>;
  /** The same row by row, in bounded memory; where there is none, the network knows whole images only. */
  readonly upscaleRows?: (image: RgbRows, onProgress?: (share: number) => void) => AsyncIterable<Pick<Strip, 'data'>>;
  readonly dispose: () => void;
}

/** MATLAB-style bicubic of the RGB image. */
export function bicubic(scale: number): Network {
  return {
    label: 'bicubic',
    arithmetic: 'bicubic',
    scale,
    upscale: async (image) => resizeBicubic(image, { width: image.width * scale, height: image.height * scale }),
    dispose: () => {},
  };
}

/**
 * A network from a file, or of the zoo by its name: a checkpoint, ours or of PyTorch, or a `.fqsr` model, told apart by their contents.
 *
 * @param prepare sets TensorFlow.js's backend, for a checkpoint; the best one by default
 * @param runtime how an integer model runs
 * @throws CliError or the reader's own error, naming the file
 */
export async function loadNetwork(
  path: string,
  prepare?: () => Promise<void>,
  runtime: LoadOptions = {},
  options: ReadOptions = {},
): Promise<Network> {
  const bytes = await readModelBytes(path, '--model');
  return named(path, async () => {
    if (kindOf(bytes) === 'fqsr') return integerNetwork(bytes, runtime);
    const { graphNetwork } = await import('./graph-network.js');
    return graphNetwork(await checkpointOf(path, bytes, options), prepare);
  });
}

/** An integer model, run by the runtime. */
export async function integerNetwork(bytes: Uint8Array, runtime: LoadOptions = {}): Promise<Network> {
  const upscaler = await load(bytes, runtime);
  const options = (onProgress?: (share: number) => void) => ({
    onProgress: (done: number, total: number) => onProgress?.(total > 0 ? done / total : 1),
  });
  return {
    label: upscaler.model.name,
    arithmetic: 'integer',
    scale: upscaler.model.scale,
    upscale: (image, onProgress) => upscaler.upscale(image, options(onProgress)),
    upscaleRows: (image, onProgress) => upscaler.upscaleRows(image, options(onProgress)),
    dispose: () => upscaler.dispose(),
  };
}

/** An image's rows by any network: as they come, or all at once. */
export async function* rowsOf(
  network: Network,
  image: RgbRows,
  onProgress: (share: number) => void,
): AsyncGenerator<{ readonly data: Uint8Array | Uint8ClampedArray }, void> {
  if (network.upscaleRows) return yield* network.upscaleRows(image, onProgress);
  const { width, height } = image;
  const whole = makeImage(width, height);
  let at = 0;
  for await (const chunk of image.data) {
    whole.data.set(chunk, at);
    at += chunk.length;
  }
  yield await network.upscale(whole, onProgress);
}

/** A model file's contents. */
export type ModelFile =
  | { readonly kind: 'fqsr'; readonly model: ReturnType<typeof parseModel> }
  | { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint };

/** What a reader may know, and whom it tells, of a file of another program. */
export interface ReadOptions {
  /** Takes a line on what such a file was recognised as. */
  readonly say?: ((line: string) => void) | undefined;
  /** The network in such a file; by default what its tensors look like. */
  readonly model?: ModelRef | undefined;
}

/** Reads and checks a model of any kind: a file, or of the zoo by its name. @throws CliError naming the file */
export async function readModelFile(path: string, what: string, options: ReadOptions = {}): Promise<ModelFile> {
  const bytes = await readModelBytes(path, what);
  return named(path, async () =>
    kindOf(bytes) === 'fqsr'
      ? { kind: 'fqsr', model: parseModel(bytes) }
      : { kind: 'checkpoint', checkpoint: await checkpointOf(path, bytes, options) },
  );
}

async function checkpointOf(path: string, bytes: Uint8Array, { say, model }: ReadOptions): Promise<Checkpoint> {
  // TensorFlow.js comes with both, and takes longer to read than an integer model takes to run.
  if (kindOf(bytes) === 'checkpoint') return (await import('@fqsr/sr-models')).parseCheckpoint(bytes);
  const { readForeignNetwork } = await import('./foreign.js');
  const { checkpoint, line } = await readForeignNetwork(path, bytes, { model });
  say?.(line);
  return checkpoint;
}

/** What a file holds; one that is damaged is foreign, whose reader gives the reason. */
function kindOf(bytes: Uint8Array): 'fqsr' | 'checkpoint' | 'foreign' {
  try {
    const { metadata } = readSafetensors(bytes);
    return metadata['fqsr'] !== undefined ? 'fqsr' : metadata['checkpoint'] !== undefined ? 'checkpoint' : 'foreign';
  } catch {
    return 'foreign';
  }
}

/** Puts the file's name in front of a reader's message. */
export async function named<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Error && ['FormatError', 'ModelError', 'QuantError', 'RuntimeError'].includes(cause.name)) {
      throw new CliError(`${path}: ${cause.message}`, { cause });
    }
    throw cause;
  }
}
