/**
 * Checkpoints: safetensors with parameters, quantizer state and, for a training that goes on, optimizer state; metadata JSON holds the rest.
 */
import { makePlan, type QuantPlan } from '@fqsr/quant-core/spec';
import { readSafetensors, type SafeTensor, writeSafetensors } from '@fqsr/runtime/format';
import {
  isTrainingRecord,
  readTraining,
  type TrainingRecord,
  type TrainingState,
  writeTraining,
} from './checkpoint-training.js';
import { ModelError } from './error.js';
import type { Graph } from './graph.js';
import { buildGraph, type ModelRef } from './models/registry.js';
import { checkParams, type Params } from './params.js';
import { foldGraph } from './passes/fold.js';
import { parameters } from './passes/parameters.js';
import { quantizeGraph } from './passes/quantize.js';

/** Version of the layout below. */
const VERSION = 1;

/** A network with its learned state. */
export interface Checkpoint {
  readonly model: ModelRef;
  /** The plan of a quantized network; `null` for float. */
  readonly plan: QuantPlan | null;
  readonly params: Params;
  /** What a run needs to go on; `null` in a finished network. */
  readonly training: TrainingState | null;
  /** The run's own record (seed, data cursor, options), as plain data. */
  readonly run: Readonly<Record<string, unknown>>;
}

/** The graph of a checkpoint; quantized under its plan, batch normalisation folded. */
export function graphOf({ model, plan }: Pick<Checkpoint, 'model' | 'plan'>): Graph {
  const graph = buildGraph(model);
  return plan ? quantizeGraph(foldGraph(graph), plan) : graph;
}

/** The bytes of a checkpoint; the same checkpoint gives the same bytes. */
export function serializeCheckpoint({ model, plan, params, training, run }: Checkpoint): Uint8Array {
  const graph = graphOf({ model, plan });
  const tensors = new Map<string, SafeTensor>();
  for (const { name, shape } of parameters(graph)) {
    tensors.set(`param/${name}`, { dtype: 'F32', shape: [...shape], data: params.get(name) as Float32Array });
  }
  const state = training && writeTraining(graph, training);
  for (const [name, tensor] of state?.tensors ?? []) tensors.set(name, tensor);
  const record = { format: 'fqsr-checkpoint', version: VERSION, model, plan, training: state?.record ?? null, run };
  return writeSafetensors(tensors, { checkpoint: JSON.stringify(record) });
}

/**
 * Reads a checkpoint and checks it completely: model, plan, and every tensor's name, shape and finiteness.
 *
 * @throws ModelError or the reader's error, naming what is wrong
 */
export function parseCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tensors, metadata } = readSafetensors(bytes);
  const record = parseRecord(metadata['checkpoint']);
  const plan = record.plan ? makePlan(record.plan) : null;
  const graph = graphOf({ model: record.model, plan });
  const params = new Map<string, Float32Array>();
  const others = new Map<string, SafeTensor>();
  for (const [name, tensor] of tensors) {
    if (name.startsWith('param/')) params.set(name.slice('param/'.length), floats(name, tensor));
    else others.set(name, tensor);
  }
  checkParams(graph, params);
  for (const { name, shape } of parameters(graph)) demandShape(`param/${name}`, tensors.get(`param/${name}`), shape);
  const take = (name: string, shape: readonly number[]): Float32Array => {
    const data = floats(name, others.get(name));
    demandShape(name, others.get(name), shape);
    others.delete(name);
    return data;
  };
  const training = record.training && readTraining(graph, record.training, { take });
  const [stray] = others.keys();
  if (stray !== undefined) throw damaged('tensors must be parameters, or the state of a training', stray);
  return { model: record.model, plan, params, training, run: record.run ?? {} };
}

interface CheckpointRecord {
  readonly format: string;
  readonly version: number;
  readonly model: ModelRef;
  readonly plan: QuantPlan | null;
  readonly training: TrainingRecord | null;
  readonly run?: Readonly<Record<string, unknown>>;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function parseRecord(text: string | undefined): CheckpointRecord {
  const refuse = (got: string): never => {
    throw new ModelError(
      'parseCheckpoint',
      `file must be a checkpoint of this project, got ${got}`,
      'give a file that fqsr train wrote',
    );
  };
  if (text === undefined) return refuse('safetensors without its record');
  let record: CheckpointRecord;
  try {
    record = JSON.parse(text) as CheckpointRecord;
  } catch {
    return refuse('a record that is not JSON');
  }
  if (record?.format !== 'fqsr-checkpoint') return refuse(`format ${JSON.stringify(record?.format)}`);
  if (record.version !== VERSION) return refuse(`version ${record.version}, known is ${VERSION}`);
  const { model, training } = record;
  if (typeof model?.family !== 'string' || typeof model.name !== 'string' || !isObject(model.config)) {
    return refuse('a record without a model');
  }
  if (training && !isTrainingRecord(training)) return refuse('a damaged training state');
  return record;
}

/** The values of a float32 tensor, all finite. */
function floats(name: string, tensor: SafeTensor | undefined): Float32Array {
  if (tensor?.dtype !== 'F32') throw damaged(`${name} must be a float32 tensor`, tensor?.dtype ?? 'nothing');
  const wrong = tensor.data.find((value) => !Number.isFinite(value));
  if (wrong === undefined) return tensor.data;
  throw damaged(`${name} must be finite`, wrong);
}

function demandShape(name: string, tensor: SafeTensor | undefined, shape: readonly number[]): void {
  const [got, wanted] = [tensor?.shape.join('x'), shape.join('x')];
  if (got !== wanted) throw damaged(`${name} must have shape ${wanted}`, got);
}

function damaged(demand: string, got: unknown): ModelError {
  return new ModelError('parseCheckpoint', `${demand}, got ${got}`, 'the file is damaged');
}
