/**
 * The threads of a training. A batch is cut into `shards`, which the run's config keeps; threads take them in turn. So the bits of a run depend on its shards, whatever
 * number of threads computes them, and a run goes on with the same bits on a machine with fewer.
 */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type GradientPool, openGradientPool } from '@fqsr/backends/pool';
import {
  buildGraph,
  cost,
  type Graph,
  type ShardNotes,
  type StepShard,
  shardFunction,
  type TrainerContext,
} from '@fqsr/sr-models';
import * as tf from '@tensorflow/tfjs';
import type { Io } from '../io.js';
import type { RunConfig } from './config.js';

/** What a training computes with. */
export type TrainingPool = GradientPool<StepShard, ShardNotes>;

/** Shards that a batch has by default, at most: more threads than a patch has use for take longer to wake than to work. */
const MOST_SHARDS = 16;
/** Operations of a whole training below which a second thread does not pay for its start. */
const SMALL_JOB = 100e9;

/** The built worker: beside this file's bundle in `dist`, or in `dist` when this file runs from the sources. */
function workerUrl(): URL | null {
  const name = import.meta.url.endsWith('.ts') ? '../../dist/train-worker.js' : './train-worker.js';
  const url = new URL(name, import.meta.url);
  return existsSync(fileURLToPath(url)) ? url : null;
}

/**
 * How many shards a new run cuts its batches into where nothing is said: one for each processor of this machine; one alone for a training of a moment, and against a
 * discriminator, whose losses compare all images of a batch.
 */
export function defaultShards(
  config: Pick<RunConfig, 'model' | 'patchSize' | 'batchSize' | 'steps' | 'adversarial'>,
): number {
  if (config.adversarial !== null) return 1;
  const macs = cost(buildGraph(config.model)).macsPerPixel * config.patchSize ** 2 * config.batchSize;
  // Forward and both gradients, two operations each.
  if (6 * macs * config.steps < SMALL_JOB) return 1;
  return Math.min(availableParallelism(), config.batchSize, MOST_SHARDS);
}

/**
 * Opens the threads of a run, and says how many and why; `null` where a batch is one shard. A backend must be set.
 *
 * @param threads at most so many; by default one for each shard, no more than the machine has processors
 * @param worker the module of the other threads, where it is not the built one
 * @throws BackendError for a number of threads that is none
 */
export async function openThreads(
  config: RunConfig,
  graph: Graph,
  context: TrainerContext,
  io: Io,
  { threads, worker = workerUrl() }: { readonly threads?: number | undefined; readonly worker?: URL | null } = {},
): Promise<TrainingPool | null> {
  const { shards = 1 } = config;
  const { count, why } = chooseThreads(shards, threads, worker);
  if (shards > 1 || (threads ?? 1) > 1) io.say(`threads ${count}: ${why}`);
  if (shards === 1) return null;
  return openGradientPool<StepShard, ShardNotes>({
    threads: count,
    local: shardFunction(graph, config, context),
    // With one thread no worker is started.
    worker: worker ?? new URL(import.meta.url),
    data: config,
  });
}

function chooseThreads(shards: number, asked: number | undefined, worker: URL | null): { count: number; why: string } {
  const backend = tf.getBackend();
  if (backend !== 'wasm') return { count: 1, why: `${backend} is one device; ${shards} shards take turns` };
  if (worker === null) return { count: 1, why: 'train-worker.js is missing from the build' };
  const most = asked ?? availableParallelism();
  const count = Math.min(shards, most);
  if (asked !== undefined && count < asked) return { count, why: `batches of this run are cut into ${shards} shards` };
  return { count, why: `batches are cut into ${shards} shards` };
}
