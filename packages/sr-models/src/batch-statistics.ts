/** Running statistics of batch normalisation: observed beside the learned parameters, never by the optimizer. */
import * as tf from '@tensorflow/tfjs';
import type { Graph } from './graph.js';
import type { Params, ParamTensors } from './params.js';
import type { ForwardHooks } from './passes/forward.js';
import { parameters } from './passes/parameters.js';

/** Statistics of one batch at one normalisation. */
export interface BatchStatistics {
  readonly name: string;
  readonly mean: Float32Array;
  /** Unbiased, as PyTorch keeps it: of `n` values divided by `n - 1`. */
  readonly variance: Float32Array;
  /** How many values of a channel it is of. */
  readonly count: number;
}

/** The running statistics among parameters. */
export function statisticsOf(graph: Graph, params: Params): Params {
  const names = parameters(graph).flatMap(({ name, kind }) => (kind === 'statistic' ? [name] : []));
  return new Map(names.map((name) => [name, params.get(name) as Float32Array]));
}

/** As tensors; the caller disposes (wrap in `tf.tidy`). */
export function statisticTensors(statistics: Params): ParamTensors {
  return new Map([...statistics].map(([name, values]) => [name, tf.tensor1d(values)]));
}

/** Collects the statistics of a forward pass; `positions` of its input tell how many values each is of. */
export function collectStatistics(into: BatchStatistics[]): ForwardHooks {
  return {
    onStatistics: ({ name }, mean, variance, count) => {
      const unbiased = count > 1 ? count / (count - 1) : 1;
      const scaled = Float32Array.from(variance.dataSync(), (value) => value * unbiased);
      into.push({ name, mean: Float32Array.from(mean.dataSync()), variance: scaled, count });
    },
  };
}

/**
 * The statistics of all values of several parts, from those of each: `n = sum n_k`, `mean = sum n_k mean_k / n`,
 * `variance = sum ((n_k - 1) variance_k + n_k (mean_k - mean)^2) / (n - 1)` (Chan, Golub and LeVeque 1979).
 *
 * @param parts each with the same normalisations in the same order
 */
export function pooledStatistics(parts: readonly (readonly BatchStatistics[])[]): readonly BatchStatistics[] {
  const [first = [], ...others] = parts;
  if (others.length === 0) return first;
  return first.map(({ name, mean }, i) => {
    const all = parts.map((part) => part[i] as BatchStatistics);
    const count = all.reduce((sum, part) => sum + part.count, 0);
    const pooled = { name, count, mean: new Float32Array(mean.length), variance: new Float32Array(mean.length) };
    for (let c = 0; c < mean.length; c++) {
      const center = all.reduce((sum, part) => sum + part.count * (part.mean[c] as number), 0) / count;
      const squares = all.reduce((sum, part) => {
        const distance = (part.mean[c] as number) - center;
        return sum + (part.count - 1) * (part.variance[c] as number) + part.count * distance * distance;
      }, 0);
      pooled.mean[c] = center;
      pooled.variance[c] = count > 1 ? squares / (count - 1) : 0;
    }
    return pooled;
  });
}

/** `running + momentum * (batch - running)`. */
export function movedStatistics(running: Params, batch: readonly BatchStatistics[], momentum: number): Params {
  const next = new Map(running);
  for (const { name, mean, variance } of batch) {
    for (const [part, seen] of Object.entries({ mean, variance })) {
      const old = running.get(`${name}.${part}`) as Float32Array;
      next.set(
        `${name}.${part}`,
        old.map((value, c) => value + momentum * ((seen[c] as number) - value)),
      );
    }
  }
  return next;
}
