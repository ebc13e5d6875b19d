/**
 * What the shards of a batch give, and its sum.
 */
import { BackendError } from '../error.js';

/** What one shard gives. Losses and gradients of shards are added, so a shard's part must be weighted already: by its share of the batch for a mean. */
export interface ShardResult<Extra = unknown> {
  readonly loss: number;
  /** As long as the parameters: what the function was given to write it to, or one of its own, which is handed over and not to be used by its maker afterwards. */
  readonly gradient: Float32Array;
  /** What else the caller wants to know of the shard; it is copied. */
  readonly extra?: Extra;
}

/** What all shards give together. */
export interface ShardSums<Extra = unknown> {
  readonly loss: number;
  /** The pool's: valid until its next `run`. */
  readonly gradient: Float32Array;
  /** One for each shard, in their order. */
  readonly extras: readonly (Extra | undefined)[];
}

/** Values that are added at a time, so that their sums stay in the nearest cache. */
const BLOCK = 4096;

/** Adds in the order of the shards, in float64, into the first one's gradient. */
export function addShards<Extra>(
  length: number,
  results: readonly (ShardResult<Extra> | null | undefined)[],
): ShardSums<Extra> {
  const shards = results.map((result) => {
    if (result?.gradient.length === length) return result;
    const problem = `gradients must have ${length} values, got ${result?.gradient.length ?? 'none'}`;
    throw new BackendError('GradientPool.run', problem, 'one for each parameter');
  });
  const [gradient = new Float32Array(length), ...others] = shards.map((shard) => shard.gradient);
  const [second, third] = others;
  if (second && !third) addTwo(gradient, second);
  else addAll(gradient, others);
  return {
    loss: shards.reduce((sum, { loss }) => sum + loss, 0),
    gradient,
    extras: shards.map(({ extra }) => extra),
  };
}

/** What {@link addAll} does, in one loop: the main thread does it while all others wait. */
function addTwo(gradient: Float32Array, other: Float32Array): void {
  for (let i = 0; i < gradient.length; i++) gradient[i] = 0 + (gradient[i] as number) + (other[i] as number);
}

function addAll(gradient: Float32Array, others: readonly Float32Array[]): void {
  const sums = new Float64Array(BLOCK);
  for (let from = 0; from < gradient.length; from += BLOCK) {
    const count = Math.min(BLOCK, gradient.length - from);
    // From 0 on, as sums of any number of shards are: two zeros below 0 give one above.
    for (let i = 0; i < count; i++) sums[i] = 0 + (gradient[from + i] as number);
    for (const own of others) for (let i = 0; i < count; i++) sums[i] = (sums[i] as number) + (own[from + i] as number);
    for (let i = 0; i < count; i++) gradient[from + i] = sums[i] as number;
  }
}
