/** Opens what stands beside a training, from its config. */
import { createHash } from 'node:crypto';
import {
  buildGraph,
  type Graph,
  type ModelRef,
  type Params,
  parseWeights,
  Teacher,
  type TrainerContext,
  vgg19,
} from '@fqsr/sr-models';
import { CliError, UsageError } from '../errors.js';
import { readBytes } from '../files.js';
import { type ReadOptions, readModelFile } from '../networks.js';
import type { AidConfig } from './config.js';

/** What a trainer uses, and the end of it. */
export interface Aids {
  readonly context: TrainerContext;
  readonly dispose: () => void;
}

/**
 * Reads the teacher and the VGG weights that a config names. A backend must be set.
 *
 * @throws CliError or the reader's error, naming the file
 */
export async function openAids(config: AidConfig, student: Graph, say?: ReadOptions['say']): Promise<Aids> {
  const features = config.vgg === null ? null : await readVgg(config.vgg, config);
  try {
    const teacher = config.distill === null ? null : await readTeacher(config.distill, config, student, say);
    return {
      context: { ...(features && { features }), ...(teacher && { terms: [teacher] }) },
      dispose: () => {
        features?.dispose();
        teacher?.dispose();
      },
    };
  } catch (error) {
    features?.dispose();
    throw error;
  }
}

/** The SHA-256 of a file in hexadecimal. @throws CliError when it cannot be read */
export async function sha256Of(path: string, option: string): Promise<string> {
  return createHash('sha256')
    .update(await readBytes(path, option))
    .digest('hex');
}

async function readVgg(path: string, { vggSha256, vggLayers }: AidConfig) {
  const bytes = await readBytes(path, '--vgg');
  const sha = createHash('sha256').update(bytes).digest('hex');
  if (vggSha256 !== null && sha !== vggSha256) {
    throw new CliError(`--vgg: ${path} must have SHA-256 ${vggSha256}, got ${sha} (give the very file)`);
  }
  try {
    return vgg19(bytes, parseWeights(vggLayers, 'layer'));
  } catch (cause) {
    throw new CliError(`--vgg: ${path}: ${(cause as Error).message}`, { cause });
  }
}

async function readTeacher(
  distill: string,
  { teacher, distillNodes }: AidConfig,
  student: Graph,
  say: ReadOptions['say'],
): Promise<Teacher> {
  if (teacher === null) throw new UsageError('--teacher: must be given with --distill, or a float --init');
  const { model, params } = await readFloatCheckpoint(teacher, '--teacher', say);
  return new Teacher({ graph: buildGraph(model), params }, student, { distill, distillNodes });
}

/** A float checkpoint. @throws CliError for a quantized one or an integer model */
export async function readFloatCheckpoint(
  path: string,
  option: string,
  say?: ReadOptions['say'],
): Promise<{ readonly model: ModelRef; readonly params: Params }> {
  const file = await readModelFile(path, option, { say });
  if (file.kind === 'checkpoint' && file.checkpoint.plan === null) return file.checkpoint;
  const got = file.kind === 'checkpoint' ? 'a quantized one' : 'an integer model';
  throw new CliError(
    `${option}: ${path} must be a float checkpoint, got ${got} (give the model.safetensors of a float run)`,
  );
}
