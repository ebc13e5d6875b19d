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
      into.push({ name, mean: Float32Array.from(mean.dataSync()), variance: scaled });
    },
  };
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
