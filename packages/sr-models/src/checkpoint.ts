/**
 * Checkpoints: safetensors with parameters, quantizer state and, for a training that goes on, optimizer state; metadata JSON holds the rest.
 */
import { makePlan, type QuantPlan } from '@fqsr/quant-core/spec';
import { readSafetensors, type SafeTensor, writeSafetensors } from '@fqsr/runtime/format';
import { ModelError } from './error.js';
import { flatLayout } from './flat.js';
import type { Graph } from './graph.js';
import { buildGraph, type ModelRef } from './models/registry.js';
import { checkParams, type Params } from './params.js';
import { foldGraph } from './passes/fold.js';
import { parameters } from './passes/parameters.js';
import { quantizeGraph } from './passes/quantize.js';
import type { TrainerState } from './train-step.js';

/** Version of the layout below. */
const VERSION = 1;

/** A network with its learned state. */
export interface Checkpoint {
  readonly model: ModelRef;
  /** The plan of a quantized network; `null` for float. */
  readonly plan: QuantPlan | null;
  readonly params: Params;
  /** What a run needs to go on; `null` in a finished network. */
  readonly training: { readonly adam: TrainerState['adam']; readonly observers: TrainerState['observers'] } | null;
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
  const tensors = new Map<string, SafeTensor>();
  for (const { name, shape } of parameters(graphOf({ model, plan }))) {
    tensors.set(`param/${name}`, { dtype: 'F32', shape: [...shape], data: params.get(name) as Float32Array });
  }
  if (training) {
    for (const moment of ['m', 'v'] as const) {
      const data = training.adam[moment];
      tensors.set(`adam/${moment}`, { dtype: 'F32', shape: [data.length], data });
    }
  }
  const state = training ? { steps: training.adam.steps, observers: training.observers } : null;
  const record = { format: 'fqsr-checkpoint', version: VERSION, model, plan, training: state, run };
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
  for (const [name, tensor] of tensors) {
    if (name.startsWith('param/')) params.set(name.slice('param/'.length), floats(name, tensor));
    else if (!(record.training && moments.includes(name)))
      throw damaged('tensors must be parameters, or moments of a training', name);
  }
  checkParams(graph, params);
  for (const { name, shape } of parameters(graph)) {
    const got = tensors.get(`param/${name}`)?.shape.join('x');
    if (got !== shape.join('x')) throw damaged(`param/${name} must have shape ${shape.join('x')}`, got);
  }
  const { total } = flatLayout(graph);
  const moment = (name: string): Float32Array => {
    const data = floats(name, tensors.get(name));
    if (data.length === total) return data;
    throw damaged(`${name} must have ${total} values`, data.length);
  };
  const training = record.training
    ? {
        adam: { steps: record.training.steps, m: moment('adam/m'), v: moment('adam/v') },
        observers: record.training.observers,
      }
    : null;
  return { model: record.model, plan, params, training, run: record.run ?? {} };
}

/** The optimizer's tensors, in a checkpoint that a training goes on from. */
const moments: readonly string[] = ['adam/m', 'adam/v'];

interface CheckpointRecord {
  readonly format: string;
  readonly version: number;
  readonly model: ModelRef;
  readonly plan: QuantPlan | null;
  readonly training: { readonly steps: number; readonly observers: TrainerState['observers'] } | null;
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
  if (training && !(Number.isInteger(training.steps) && training.steps >= 0 && isObject(training.observers))) {
    return refuse('a damaged training state');
  }
  return record;
}

/** The values of a float32 tensor, all finite. */
function floats(name: string, tensor: SafeTensor | undefined): Float32Array {
  if (tensor?.dtype !== 'F32') throw damaged(`${name} must be a float32 tensor`, tensor?.dtype ?? 'nothing');
  const wrong = tensor.data.find((value) => !Number.isFinite(value));
  if (wrong === undefined) return tensor.data;
  throw damaged(`${name} must be finite`, wrong);
}

function damaged(demand: string, got: unknown): ModelError {
  return new ModelError('parseCheckpoint', `${demand}, got ${got}`, 'the file is damaged');
}
