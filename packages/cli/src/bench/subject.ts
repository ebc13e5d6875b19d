/** The network that `fqsr bench` measures, and the files that engines run it from. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { useBackend } from '@fqsr/backends';
import { planFromPreset, type QuantPlan } from '@fqsr/quant-core/spec';
import { type IntegerModel, serializeModel } from '@fqsr/runtime';
import {
  buildGraph,
  type Checkpoint,
  floatGraph,
  floatNetwork,
  foldBatchNorm,
  graphOf,
  initParams,
  lower,
  modelByName,
  type Network,
  raise,
  toFloatOnnx,
  toOnnx,
  toTfjs,
} from '@fqsr/sr-models';
import { asUsage, UsageError } from '../errors.js';
import type { Io } from '../io.js';
import { readModelFile } from '../networks.js';
import { calibrationPatches, postTrainOn } from '../post-training.js';
import { namesNetwork } from '../zoo.js';
import type { PeerFile } from './peers/peer.js';

/** The plan of what is not quantized yet. */
const PLAN = 'w8a8s8';

/** What a network is measured from. */
export interface Subject {
  readonly model: IntegerModel;
  readonly float: Network;
  /** Where its weights come from, for people. */
  readonly weights: string;
}

/** What the command line says of it. */
export interface SubjectOptions {
  readonly scale: number;
  /** Of a float network. */
  readonly plan: QuantPlan | null;
  readonly calibrate: string;
  readonly seed: number;
}

/**
 * A network in integers and in float: of a `.fqsr` file, a checkpoint, or a name, whose weights are then random.
 *
 * @throws UsageError for an unknown name, and a plan for what is quantized already
 */
export async function openSubject(spec: string, options: SubjectOptions, io: Io): Promise<Subject> {
  // Small work, which must not depend on a GPU.
  await useBackend('wasm');
  if (namesNetwork(spec)) {
    const graph = buildGraph(asUsage('model', () => modelByName(spec, options.scale)));
    const network = foldBatchNorm(graph, initParams(graph, options.seed));
    return quantized(network, `random, seed ${options.seed}`, options, io);
  }
  const file = await readModelFile(spec, 'model');
  if (file.kind === 'fqsr') {
    refusePlan(spec, options.plan);
    const graph = floatGraph(raise(file.model));
    const float = { graph, params: initParams(graph, options.seed) };
    return { model: file.model, float, weights: `of the file; in float random, seed ${options.seed}` };
  }
  const { checkpoint } = file;
  if (!checkpoint.plan) return quantized(floatOf(checkpoint), 'of the file', options, io);
  refusePlan(spec, options.plan);
  const model = lower(graphOf(checkpoint), checkpoint.params);
  return { model, float: floatOf(checkpoint), weights: 'of the file' };
}

async function quantized(
  float: Network,
  weights: string,
  { plan, calibrate, seed }: SubjectOptions,
  io: Io,
): Promise<Subject> {
  const data = { data: calibrate, patches: 8, patchSize: 24, seed };
  const nothingLearned = { reconstruction: 'none', biasCorrection: 'none' } as const;
  const batches = await calibrationPatches(data, float.graph.scale);
  const { graph, params } = postTrainOn(float, plan ?? planFromPreset(PLAN), batches, nothingLearned, io);
  return { model: lower(graph, params), float, weights };
}

function floatOf(checkpoint: Checkpoint): Network {
  return floatNetwork(graphOf(checkpoint), checkpoint.params);
}

function refusePlan(spec: string, plan: QuantPlan | null): void {
  if (plan) throw new UsageError(`--plan: ${spec} must be a float network, got a quantized one (leave --plan out)`);
}

/** The bytes of each kind of file. ONNX is the one that ONNX Runtime is fastest on. */
const writers = {
  fqsr: ({ model }) => serializeModel(model),
  onnx: ({ model }) => toOnnx(model, { rounding: 'fused' }).bytes,
  'onnx-float': ({ float: { graph, params } }) => toFloatOnnx(graph, params),
  tfjs: ({ float: { graph, params } }) => ({ ...toTfjs(graph, params) }),
} satisfies Record<PeerFile, (subject: Subject) => Uint8Array | Readonly<Record<string, Uint8Array>>>;

/** Writes a file, or a folder of files. @returns its path */
export async function writeFor(file: PeerFile, subject: Subject, folder: string): Promise<string> {
  const path = join(folder, file);
  const written: Uint8Array | Readonly<Record<string, Uint8Array>> = writers[file](subject);
  if (written instanceof Uint8Array) {
    await writeFile(path, written);
    return path;
  }
  await mkdir(path, { recursive: true });
  for (const [name, bytes] of Object.entries(written)) await writeFile(join(path, name), bytes);
  return path;
}
