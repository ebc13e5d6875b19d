/** Files of other programs, read as float checkpoints of ours. */

import { basename } from 'node:path';
import {
  type Checkpoint,
  type ForeignFile,
  type ImportedNetwork,
  type ImportOptions,
  importNetwork,
  readForeign,
} from '@fqsr/sr-models';

/** A network that another program trained. */
export interface ForeignNetwork {
  readonly checkpoint: Checkpoint;
  /** Where it came from; in the checkpoint's record too. */
  readonly imported: Pick<ImportedNetwork, 'map' | 'range'> & Pick<ForeignFile, 'format'> & { readonly file: string };
  /** What it was recognised as, in one line for people. */
  readonly line: string;
}

/**
 * Reads a PyTorch checkpoint (.pt, .pth, .safetensors); nothing of it is executed.
 *
 * @throws ModelError or FormatError with the reason
 */
export async function readForeignNetwork(
  path: string,
  bytes: Uint8Array,
  options: ImportOptions = {},
): Promise<ForeignNetwork> {
  const file = await readForeign(bytes);
  const { model, params, map, range } = await importNetwork(file, options);
  const imported = { file: basename(path), format: file.format, map, range };
  const { name, config } = model;
  return {
    checkpoint: { model, plan: null, params, training: null, run: { imported } },
    imported,
    line: `${path}: ${describeFile(file)}, read as ${name} x${config.scale} by the names of ${map}, images to ${range}`,
  };
}

function describeFile({ format, tensors, metadata }: ForeignFile): string {
  const said = Object.entries(metadata).map(([key, value]) => `${key} ${value.slice(0, 80)}`);
  return `${format}, ${tensors.size} tensors${said.length > 0 ? ` (${said.join('; ')})` : ''}`;
}
