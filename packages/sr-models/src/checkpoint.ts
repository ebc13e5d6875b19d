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

/** The graph of a checkpoint, quantized under its plan. */
export function graphOf({ model, plan }: Pick<Checkpoint, 'model' | 'plan'>): Graph {
  const graph = buildGraph(model);
  return plan ? quantizeGraph(graph, plan) : graph;
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
 * Reads a checkpoint and checks it completely: model, plan, and every parameter's name and size.
 *
 * @throws ModelError or the reader's error, naming what is wrong
 */
export function parseCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tensors, metadata } = readSafetensors(bytes);
  const record = parseRecord(metadata['checkpoint']);
  const plan = record.plan ? makePlan(record.plan) : null;
  const graph = graphOf({ model: record.model, plan });
  const params = new Map<string, Float32Array>();
  for (const [name, { data }] of tensors) {
    if (!name.startsWith('param/')) continue;
    params.set(name.slice('param/'.length), floats(name, data));
  }
  checkParams(graph, params);
  for (const [name, values] of params) {
    if (!values.every(Number.isFinite)) {
      throw new ModelError('parseCheckpoint', `${name} must be finite, got NaN or infinity`, 'the file is damaged');
    }
  }
  const { total } = flatLayout(graph);
  const moment = (name: string): Float32Array => {
    const data = floats(name, tensors.get(name)?.data);
    if (data.length === total) return data;
    throw new ModelError(
      'parseCheckpoint',
      `${name} must have ${total} values, got ${data.length}`,
      'the file is damaged',
    );
  };
  const training = record.training
    ? {
        adam: { steps: record.training.steps, m: moment('adam/m'), v: moment('adam/v') },
        observers: record.training.observers,
      }
    : null;
  return { model: record.model, plan, params, training, run: record.run ?? {} };
}

interface CheckpointRecord {
  readonly format: string;
  readonly version: number;
  readonly model: ModelRef;
  readonly plan: QuantPlan | null;
  readonly training: { readonly steps: number; readonly observers: TrainerState['observers'] } | null;
  readonly run?: Readonly<Record<string, unknown>>;
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
  if (typeof model?.family !== 'string' || typeof model.name !== 'string' || typeof model.config !== 'object') {
    return refuse('a record without a model');
  }
  if (training && !(Number.isInteger(training.steps) && typeof training.observers === 'object')) {
    return refuse('a damaged training state');
  }
  return record;
}

function floats(name: string, data: unknown): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new ModelError(
    'parseCheckpoint',
    `${name} must be a float32 tensor, got ${data === undefined ? 'nothing' : 'another type'}`,
    'the file is damaged',
  );
}
