/** The part of a checkpoint that a training goes on from: optimizers, observers, the moving average, an adversary. */
import type { SafeTensor } from '@fqsr/runtime/format';
import type { AdversaryState } from './adversarial/adversary.js';
import { type DiscriminatorConfig, discriminatorParameters } from './adversarial/discriminator.js';
import { type FlatLayout, flatLayout, layoutOf } from './flat.js';
import type { Graph } from './graph.js';
import type { OptimizerState } from './optimizers/optimizer.js';
import type { Params } from './params.js';
import type { Parameter } from './passes/parameters.js';
import type { TrainerState } from './training/options.js';

/** What a training needs to go on, beside the parameters. */
export type TrainingState = Omit<TrainerState, 'params'> & {
  /** The discriminator, in an adversarial training. */
  readonly adversary: AdversaryState | null;
};

/** What the metadata holds of it; the rest are tensors. */
export interface TrainingRecord {
  /** Names of the optimizer's vectors. */
  readonly slots: readonly string[];
  readonly steps: number;
  readonly observers: TrainerState['observers'];
  readonly ema: boolean;
  readonly adversary: { readonly config: DiscriminatorConfig; readonly steps: number } | null;
}

/** Takes tensors of a file by name, checked; what is left over belongs to nothing. */
export interface TensorReader {
  /** @throws ModelError unless the tensor is there, float32, of that shape and finite */
  readonly take: (name: string, shape: readonly number[]) => Float32Array;
}

/** Tensors by their names in the file, and the record. */
export function writeTraining(
  graph: Graph,
  { optimizer, observers, ema, adversary }: TrainingState,
): { readonly tensors: ReadonlyMap<string, SafeTensor>; readonly record: TrainingRecord } {
  const tensors = new Map<string, SafeTensor>();
  const put = (name: string, shape: readonly number[], data: Float32Array) =>
    tensors.set(name, { dtype: 'F32', shape: [...shape], data });
  const putSlots = (prefix: string, { slots }: OptimizerState) => {
    for (const [slot, data] of Object.entries(slots)) put(`${prefix}/${slot}`, [data.length], data);
  };
  const putParams = (prefix: string, parameters: readonly Parameter[], params: Params) => {
    for (const { name, shape } of parameters) put(`${prefix}/${name}`, shape, params.get(name) as Float32Array);
  };
  putSlots('optimizer', optimizer);
  if (ema) putParams('ema', flatLayout(graph).parameters, ema);
  if (adversary) {
    putParams('adversary', discriminatorParameters(adversary.config), adversary.params);
    putSlots('adversary-optimizer', adversary.optimizer);
  }
  const record = {
    slots: Object.keys(optimizer.slots),
    steps: optimizer.steps,
    observers,
    ema: ema !== null,
    adversary: adversary && { config: adversary.config, steps: adversary.optimizer.steps },
  };
  return { tensors, record };
}

/** The inverse of {@link writeTraining}. @throws ModelError naming what is wrong */
export function readTraining(graph: Graph, record: TrainingRecord, { take }: TensorReader): TrainingState {
  const optimizerFrom = (prefix: string, { total }: FlatLayout, steps: number): OptimizerState => {
    return { steps, slots: Object.fromEntries(record.slots.map((slot) => [slot, take(`${prefix}/${slot}`, [total])])) };
  };
  const paramsFrom = (prefix: string, parameters: readonly Parameter[]): Params =>
    new Map(parameters.map(({ name, shape }) => [name, take(`${prefix}/${name}`, shape)]));
  const layout = flatLayout(graph);
  const optimizer = optimizerFrom('optimizer', layout, record.steps);
  const ema = record.ema ? paramsFrom('ema', layout.parameters) : null;
  if (!record.adversary) return { optimizer, observers: record.observers, ema, adversary: null };
  const { config, steps } = record.adversary;
  const all = discriminatorParameters(config);
  const adversary = {
    config,
    params: paramsFrom('adversary', all),
    optimizer: optimizerFrom('adversary-optimizer', layoutOf(all), steps),
  };
  return { optimizer, observers: record.observers, ema, adversary };
}

/** Whether a record is whole; its tensors are checked when they are read. */
export function isTrainingRecord(value: unknown): value is TrainingRecord {
  const { slots, steps, observers, ema, adversary } = (value ?? {}) as Partial<TrainingRecord>;
  return (
    Array.isArray(slots) &&
    slots.every((slot) => typeof slot === 'string') &&
    isCount(steps) &&
    isObject(observers) &&
    typeof ema === 'boolean' &&
    (adversary === null || (isObject(adversary) && isCount(adversary?.steps) && isObject(adversary?.config)))
  );
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
