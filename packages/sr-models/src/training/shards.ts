/**
 * A step's gradient by parts of its batch, which threads compute side by side. Losses are means over images, so the gradient of a batch is the mean of those of its
 * parts, weighted by their images. What differs from one pass over the whole batch: sums round in another order, and batch normalisation sees a part at a time.
 */
import * as tf from '@tensorflow/tfjs';
import { type BatchStatistics, pooledStatistics } from '../batch-statistics.js';
import { ModelError } from '../error.js';
import { flatLayout, readInto } from '../flat.js';
import type { Graph } from '../graph.js';
import type { Params } from '../params.js';
import { type Gradient, gradientOf, type PassOptions, type Sample } from './objective.js';
import type { TrainBatch, TrainerContext, TrainerOptions } from './options.js';
import { lossTerms } from './terms.js';

/** One part of a batch, and how its pass runs. Plain data: it is copied to its thread. */
export interface StepShard {
  readonly batch: TrainBatch;
  /** Its share of the batch's images. */
  readonly weight: number;
  readonly pass: Omit<PassOptions, 'graph'>;
  /** Running statistics of batch normalisation. */
  readonly running: Params;
  readonly samples: boolean;
}

/** What a shard tells beside its loss and gradient. */
export interface ShardNotes {
  /** Each term before its weight, times the shard's share. */
  readonly terms: Readonly<Record<string, number>>;
  readonly samples: readonly Sample[];
  readonly statistics: readonly BatchStatistics[];
}

/** What computes shards: the gradient pool of `@fqsr/backends/pool`, or anything that adds up what {@link shardFunction} gives. */
export interface ShardRunner {
  readonly run: (
    theta: Float32Array,
    shards: readonly StepShard[],
  ) => Promise<{
    readonly loss: number;
    readonly gradient: Float32Array;
    readonly extras: readonly (ShardNotes | undefined)[];
  }>;
}

/**
 * The function that every thread of a training computes its shards with. The thread's backend must be set.
 *
 * The function's third argument is where it writes the gradient, new memory by default.
 *
 * @param context networks of the thread's own backend; the caller owns and disposes them
 */
export function shardFunction(
  graph: Graph,
  { loss, quantizationLoss }: Pick<TrainerOptions, 'loss' | 'quantizationLoss'>,
  context: TrainerContext = {},
): (
  theta: Float32Array,
  shard: StepShard,
  into?: Float32Array,
) => { loss: number; gradient: Float32Array; extra: ShardNotes } {
  const layout = flatLayout(graph);
  const terms = [lossTerms(loss, { features: context.features ?? null }), ...(context.terms ?? [])];
  const own = new Float32Array(layout.total);
  return (theta, { batch, weight, pass, running, samples }, into = new Float32Array(layout.total)) => {
    // A copy: what the device's memory is filled from must not be shared. The same one for each shard, since memory that is new costs more than what is copied.
    own.set(theta);
    const values = tf.tensor1d(own);
    const given = { ...pass, graph, layout, theta: values, running, terms, quantizationLoss, samples };
    const whole = gradientOf(batch, given);
    const weighted = tf.tidy(() => tf.mul(whole.gradient, weight));
    const gradient = readInto(weighted, into);
    tf.dispose([values, whole.gradient, weighted]);
    const parts = Object.fromEntries(Object.entries(whole.terms).map(([name, value]) => [name, value * weight]));
    return {
      loss: whole.loss * weight,
      gradient,
      extra: { terms: parts, samples: whole.samples, statistics: whole.statistics },
    };
  };
}

/**
 * Cuts a batch into parts of as equal sizes as can be, larger ones first; fewer parts where there are fewer images. They are views.
 *
 * @example
 * cutBatch({ batchSize: 5, ... }, 2).map(({ batchSize }) => batchSize); // [3, 2]
 */
export function cutBatch({ lr, hr, batchSize, patchSize }: TrainBatch, count: number): readonly TrainBatch[] {
  const parts = Math.min(count, batchSize);
  let from = 0;
  return Array.from({ length: parts }, (_, part) => {
    const images = Math.floor(batchSize / parts) + (part < batchSize % parts ? 1 : 0);
    const cut = (all: Float32Array) => {
      const each = all.length / batchSize;
      return all.subarray(from * each, (from + images) * each);
    };
    const shard = { lr: cut(lr), hr: cut(hr), batchSize: images, patchSize };
    from += images;
    return shard;
  });
}

/** Whether all values are finite: 0 * g is 0 for every finite g, else NaN. */
function allFinite(values: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += 0 * (values[i] as number);
  return sum === 0;
}

/** The gradient of a batch, by `count` shards. */
export async function gradientByShards(
  batch: TrainBatch,
  theta: Float32Array,
  {
    count,
    runner,
    ...rest
  }: Omit<StepShard, 'batch' | 'weight'> & { readonly count: number; readonly runner: ShardRunner },
): Promise<Gradient> {
  const shards = cutBatch(batch, count).map((part): StepShard => {
    // Cut off: a view would bring the whole batch to every thread.
    const own = { ...part, lr: part.lr.slice(), hr: part.hr.slice() };
    return { ...rest, batch: own, weight: part.batchSize / batch.batchSize };
  });
  const { loss, gradient, extras } = await runner.run(theta, shards);
  const notes = extras.map((extra) => {
    if (extra) return extra;
    throw new ModelError(
      'Trainer.stepByShards',
      'the runner must give notes of every shard, got none',
      'use shardFunction',
    );
  });
  const terms: Record<string, number> = {};
  for (const [name, value] of notes.flatMap((note) => Object.entries(note.terms))) {
    terms[name] = (terms[name] ?? 0) + value;
  }
  return {
    loss,
    terms,
    gradient: tf.tensor1d(gradient),
    finite: allFinite(gradient),
    samples: notes.flatMap(({ samples }) => samples),
    statistics: pooledStatistics(notes.map(({ statistics }) => statistics)),
  };
}
