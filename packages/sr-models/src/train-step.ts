/**
 * The trainer: learned state and one optimizer step. Float graphs train as they are; quantized graphs first run a warm-up in float while observers
 * watch every activation and skip (FQSR's "stable" phase), then train through fake quantization.
 */
import { type Observer, quantizationError, real } from '@fqsr/quant-core';
import * as tf from '@tensorflow/tfjs';
import { Adam, type AdamState, adamStart } from './adam.js';
import {
  type BatchStatistics,
  collectStatistics,
  movedStatistics,
  statisticsOf,
  statisticTensors,
} from './batch-statistics.js';
import {
  applyCalibration,
  createObservers,
  type ObserverStates,
  type Observers,
  observerStates,
  samplesFor,
} from './calibrate.js';
import { ModelError } from './error.js';
import { type FlatLayout, flatLayout, flatten, splitTensor, unflatten } from './flat.js';
import type { Graph } from './graph.js';
import { lossByName } from './losses/registry.js';
import { type Params, type ParamTensors, toTensors } from './params.js';
import { type ForwardHooks, forward } from './passes/forward.js';
import { quantizables } from './passes/parameters.js';

/** Seeds that one step may use up: more than any graph has quantizers. */
const SEEDS_PER_STEP = 65536;

/** What does not change during a training. */
export interface TrainerOptions {
  /** Name of a loss. */
  readonly loss: string;
  /** Steps in float before the quantizers are switched on; 20 in FQSR. Only for quantized graphs. */
  readonly warmupSteps: number;
  /** Name of the calibration that the warm-up feeds. */
  readonly calibration: string;
  /** Weight of the quantization-aware loss, the sum of `mean |x - Q(x)|` over all quantizers; 0.3 in FQSR, 0 leaves it out. */
  readonly quantizationLoss: number;
  /**
   * What batch normalisation uses: `batch`, the batch's own statistics, which also move the running ones by {@link TrainerOptions.momentum}; `running`, frozen:
   * the last step before it is folded.
   */
  readonly statistics: 'batch' | 'running';
  /** Share of a batch in the running statistics. */
  readonly momentum: number;
  /** Learning rate of quantizer parameters relative to the weights'. */
  readonly quantizerRate: number;
}

/** Sensible values. */
export const trainerDefaults: TrainerOptions = {
  loss: 'l1',
  warmupSteps: 20,
  calibration: 'mse',
  quantizationLoss: 0,
  statistics: 'batch',
  momentum: 0.1,
  quantizerRate: 1,
};

/** Everything that a training must remember to go on with the same bits. */
export interface TrainerState {
  readonly params: Params;
  readonly adam: AdamState;
  /** States of the observers while the warm-up runs. */
  readonly observers: ObserverStates;
}

/** A batch of patches in grey levels, NHWC. */
export interface TrainBatch {
  readonly lr: Float32Array;
  readonly hr: Float32Array;
  readonly batchSize: number;
  /** Side of a low-resolution patch. */
  readonly patchSize: number;
}

interface Sample {
  readonly observer: Observer;
  readonly sample: Float32Array;
}

interface Gradient {
  readonly loss: number;
  /** Of all parameters, in layout order; the caller disposes. */
  readonly gradient: tf.Tensor1D;
  readonly finite: boolean;
  readonly samples: readonly Sample[];
  readonly statistics: readonly BatchStatistics[];
}

/** Learned state on the device. Owns tensors: dispose it. */
export class Trainer {
  readonly #graph: Graph;
  readonly #options: TrainerOptions;
  readonly #layout: FlatLayout;
  readonly #adam: Adam;
  readonly #rates: tf.Tensor1D | null;
  readonly #observers: Observers;
  readonly #hasGrids: boolean;
  /** Running statistics by parameter name. */
  #statistics: Params;
  #theta: tf.Tensor1D;
  #steps: number;

  constructor(graph: Graph, state: TrainerState, options: TrainerOptions) {
    this.#graph = graph;
    this.#options = options;
    this.#layout = flatLayout(graph);
    this.#adam = new Adam(state.adam);
    this.#steps = state.adam.steps;
    this.#theta = tf.tensor1d(flatten(this.#layout, state.params));
    const { total, network } = this.#layout;
    this.#rates =
      options.quantizerRate === 1 || total === network.values
        ? null
        : tf.tensor1d(Float32Array.from({ length: total }, (_, i) => (i < network.values ? 1 : options.quantizerRate)));
    this.#observers = createObservers(graph, options.calibration, state.observers);
    this.#hasGrids = quantizables(graph).length > 0;
    this.#statistics = statisticsOf(graph, state.params);
  }

  /** Whether the next step still runs in float, under the observers. */
  get warmingUp(): boolean {
    return this.#hasGrids && this.#steps < this.#options.warmupSteps;
  }

  /**
   * One step on one batch.
   *
   * @returns the loss before the step, in the loss's units, without the quantization-aware part
   * @throws ModelError when the loss or a parameter's gradient is not finite; nothing has changed then
   */
  step(batch: TrainBatch, learningRate: number): number {
    const warmingUp = this.warmingUp;
    const { loss, gradient, finite, samples, statistics } = this.#gradient(batch, warmingUp);
    try {
      if (!Number.isFinite(loss))
        this.#refuse(`loss must stay finite, got ${loss}; ${this.#firstBadNode(batch, warmingUp)}`);
      if (!finite) this.#refuse(`gradients must stay finite, got NaN or infinity in ${this.#badGradients(gradient)}`);
      for (const { observer, sample } of samples) observer.observe(sample);
    } catch (error) {
      gradient.dispose();
      throw error;
    }
    const next = this.#adam.update(this.#theta, gradient, learningRate, this.#rates);
    tf.dispose([this.#theta, gradient]);
    this.#theta = next;
    this.#steps++;
    this.#statistics = movedStatistics(this.#statistics, statistics, this.#options.momentum);
    if (warmingUp && !this.warmingUp) this.#switchOn();
    return loss;
  }

  /** A copy of everything that must be remembered. */
  state(): TrainerState {
    const observers = this.warmingUp ? observerStates(this.#observers) : {};
    return { params: this.params(), adam: this.#adam.state(), observers };
  }

  /** A copy of the parameters. */
  params(): Params {
    return new Map([...unflatten(this.#layout, this.#theta.dataSync() as Float32Array), ...this.#statistics]);
  }

  dispose(): void {
    tf.dispose([this.#theta, ...(this.#rates ? [this.#rates] : [])]);
    this.#adam.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #refuse(problem: string): never {
    throw new ModelError('Trainer.step', `${problem} at step ${this.#steps}`, 'lower the learning rate');
  }

  /** The first node of a forward pass that gives NaN or infinity, in words. */
  #firstBadNode(batch: TrainBatch, warmingUp: boolean): string {
    let found = 'no node of the network has it, so it comes from the loss';
    tf.tidy(() => {
      const lr = tf.tensor4d(batch.lr, [batch.batchSize, batch.patchSize, batch.patchSize, 3]);
      const bad = [...this.params()].find(([, values]) => !values.every(Number.isFinite));
      if (bad) {
        found = `parameter ${bad[0]} is not finite`;
        return;
      }
      let isFound = false;
      this.#run(lr, toTensors(this.#graph, this.params()), warmingUp, {
        onNode: ({ name }, output) => {
          if (isFound || output.value.dataSync().every(Number.isFinite)) return;
          isFound = true;
          found = `first in ${name}`;
        },
      });
    });
    return found;
  }

  #badGradients(gradient: tf.Tensor1D): string {
    const bad = [...unflatten(this.#layout, gradient.dataSync() as Float32Array)].filter(
      ([, values]) => !values.every(Number.isFinite),
    );
    return (
      bad
        .slice(0, 3)
        .map(([name]) => name)
        .join(', ') + (bad.length > 3 ? ` and ${bad.length - 3} more` : '')
    );
  }

  #run(lr: tf.Tensor4D, params: ParamTensors, warmingUp: boolean, hooks: ForwardHooks): tf.Tensor4D {
    const mode = this.#hasGrids && !warmingUp ? 'quantized' : 'float';
    const { statistics } = this.#options;
    return forward(this.#graph, lr, { params, mode, statistics, seed: this.#steps * SEEDS_PER_STEP, ...hooks });
  }

  #gradient(batch: TrainBatch, warmingUp: boolean): Gradient {
    const { network, parameters, total } = this.#layout;
    const quantized = this.#hasGrids && !warmingUp;
    const side = batch.patchSize;
    const hrSide = side * this.#graph.scale;
    let loss = Number.NaN;
    let finite = false;
    const samples: Sample[] = [];
    const statistics: BatchStatistics[] = [];
    const gradient = tf.tidy(() => {
      const lr = tf.tensor4d(batch.lr, [batch.batchSize, side, side, 3]);
      const hr = tf.tensor4d(batch.hr, [batch.batchSize, hrSide, hrSide, 3]);
      const all = splitTensor(this.#layout, this.#theta);
      const learned = quantized ? all : all.slice(0, network.parameters);
      const running = statisticTensors(this.#statistics);
      const objective = (...tensors: tf.Tensor[]): tf.Scalar => {
        const own = parameters.slice(0, tensors.length).map(({ name }, i) => [name, tensors[i] as tf.Tensor] as const);
        const penalties: tf.Scalar[] = [];
        const hooks = warmingUp ? this.#watch(samples) : this.#penalize(penalties);
        const sr = this.#run(lr, new Map([...running, ...own]), warmingUp, {
          ...collectStatistics(statistics),
          ...hooks,
        });
        const value = lossByName(this.#options.loss).of(sr, hr);
        loss = value.dataSync()[0] as number;
        return penalties.reduce((sum, penalty) => tf.add(sum, tf.mul(penalty, this.#options.quantizationLoss)), value);
      };
      const grads = tf
        .valueAndGrads(objective)(learned)
        .grads.map((grad) => tf.reshape(grad, [-1]));
      if (!quantized && total > network.values) grads.push(tf.zeros([total - network.values]));
      const flat = tf.concat1d(grads as tf.Tensor1D[]);
      // 0 * g is 0 for every finite g, else NaN.
      finite = tf.sum(tf.mul(flat, 0)).dataSync()[0] === 0;
      return flat;
    });
    return { loss, gradient, finite, samples, statistics };
  }

  /** Collects what the observers are to see once the step is known to be sound. */
  #watch(samples: Sample[]): ForwardHooks {
    return {
      onInput: (node, input) => {
        const observers = this.#observers.get(node.quantizer) ?? [];
        for (const [i, sample] of samplesFor(observers, real(input)).entries()) {
          samples.push({ observer: observers[i] as Observer, sample });
        }
      },
    };
  }

  #penalize(penalties: tf.Scalar[]): ForwardHooks {
    if (this.#options.quantizationLoss === 0) return {};
    return {
      onFakeQuant: (input, output) => {
        penalties.push(quantizationError(input, output));
      },
    };
  }

  /** Ends the warm-up: every quantizer gets its calibrated step. */
  #switchOn(): void {
    const params = applyCalibration(this.#graph, this.params(), this.#options.calibration, this.#observers);
    this.#theta.dispose();
    this.#theta = tf.tensor1d(flatten(this.#layout, params));
  }
}

/** The state of a training that has not begun. Quantizer parameters that `params` lacks start at 0; the warm-up sets them. */
export function startState(graph: Graph, params: Params): TrainerState {
  const layout = flatLayout(graph);
  const complete = new Map(
    layout.parameters.map(({ name }, i) => [name, params.get(name) ?? new Float32Array(layout.sizes[i] as number)]),
  );
  return {
    params: new Map([...complete, ...statisticsOf(graph, params)]),
    adam: adamStart(layout.total),
    observers: {},
  };
}
