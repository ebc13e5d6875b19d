/**
 * The trainer: learned state and one optimizer step. Float graphs train as they are; quantized graphs first run a warm-up in float while observers
 * watch every activation and skip (FQSR's "stable" phase), then train through fake quantization.
 */
import * as tf from '@tensorflow/tfjs';
import { movedStatistics, statisticsOf } from './batch-statistics.js';
import { applyCalibration, createObservers, type Observers, observerStates } from './calibrate.js';
import { ModelError } from './error.js';
import { type FlatLayout, flatLayout, flatten, readInto, unflatten } from './flat.js';
import type { Graph } from './graph.js';
import { Optimizer, optimizerStart } from './optimizers/optimizer.js';
import type { Params } from './params.js';
import { quantizables } from './passes/parameters.js';
import { movedAverage } from './training/average.js';
import { clipByNorm } from './training/clip.js';
import { badGradients, firstBadNode } from './training/diagnose.js';
import { HeldLevels } from './training/levels.js';
import { type Gradient, gradientOf, isAllFinite, type PassOptions } from './training/objective.js';
import {
  type TrainBatch,
  type TrainerContext,
  type TrainerOptions,
  type TrainerState,
  trainerDefaults,
} from './training/options.js';
import { decayMask, relativeRates } from './training/rates.js';
import { gradientByShards, type ShardRunner } from './training/shards.js';
import { lossTerms, type TermSource } from './training/terms.js';

export { type TrainBatch, type TrainerContext, type TrainerOptions, type TrainerState, trainerDefaults };

/** Seeds that one step may use up: more than any graph has quantizers. */
const SEEDS_PER_STEP = 65536;

/** A step that is known to be sound and not yet taken. Owns tensors: commit or dispose it. */
export interface StepProposal {
  /** The weighted sum of all terms before the step, without the quantization-aware part. */
  readonly loss: number;
  /** Each term before its weight, by name. */
  readonly terms: Readonly<Record<string, number>>;
  /** Takes the step. */
  readonly commit: (learningRate: number) => void;
  readonly dispose: () => void;
}

/** Learned state on the device. Owns tensors: dispose it. */
export class Trainer {
  readonly #graph: Graph;
  readonly #options: TrainerOptions;
  readonly #terms: readonly TermSource[];
  readonly #layout: FlatLayout;
  readonly #optimizer: Optimizer;
  readonly #rates: tf.Tensor1D | null;
  readonly #decayed: tf.Tensor1D;
  readonly #observers: Observers;
  readonly #hasGrids: boolean;
  /** For the steps from `holdLevelsAt` on. */
  readonly #levels: HeldLevels | null;
  /** Running statistics by parameter name. */
  #statistics: Params;
  #theta: tf.Tensor1D;
  #average: tf.Tensor1D | null;
  #steps: number;
  /** Memory for the parameters outside of the device. */
  #host: Float32Array | null = null;
  #lastTerms: Readonly<Record<string, number>> = {};

  /** @throws ModelError for an unknown loss, optimizer or calibration, a perceptual loss without features, a state of another optimizer, or levels that cannot be held */
  constructor(graph: Graph, state: TrainerState, options: TrainerOptions, context: TrainerContext = {}) {
    this.#graph = graph;
    this.#options = options;
    this.#terms = [lossTerms(options.loss, { features: context.features ?? null }), ...(context.terms ?? [])];
    this.#layout = flatLayout(graph);
    this.#observers = createObservers(graph, options.calibration, state.observers);
    this.#optimizer = new Optimizer(options.optimizer, state.optimizer, options);
    this.#steps = state.optimizer.steps;
    this.#theta = tf.tensor1d(flatten(this.#layout, state.params));
    this.#average = options.emaDecay > 0 ? tf.tensor1d(flatten(this.#layout, state.ema ?? state.params)) : null;
    const rates = relativeRates(graph, this.#layout, options);
    this.#rates = rates && tf.tensor1d(rates);
    this.#decayed = tf.tensor1d(decayMask(this.#layout));
    this.#hasGrids = quantizables(graph).length > 0;
    this.#statistics = statisticsOf(graph, state.params);
    const { holdLevelsAt = null, warmupSteps } = options;
    this.#levels = holdLevelsAt === null ? null : new HeldLevels(graph, this.#layout);
    if (holdLevelsAt !== null && this.#hasGrids && holdLevelsAt < warmupSteps) {
      const problem = `holdLevelsAt must be at least warmupSteps ${warmupSteps}, got ${holdLevelsAt}`;
      throw new ModelError('Trainer', problem, 'hold levels later');
    }
    if (this.#steps === holdLevelsAt && !this.warmingUp) this.#settle();
  }

  /** Steps taken. */
  get steps(): number {
    return this.#steps;
  }

  /** The terms of the last step before their weights, by name. */
  get terms(): Readonly<Record<string, number>> {
    return this.#lastTerms;
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
    const proposal = this.propose(batch);
    proposal.commit(learningRate);
    return proposal.loss;
  }

  /**
   * The step that this batch asks for, to be taken by its `commit`. Two networks that train each other propose both, then commit both.
   *
   * @throws ModelError as {@link Trainer.step}
   */
  propose(batch: TrainBatch): StepProposal {
    const pass = this.#pass();
    const gradient = gradientOf(batch, {
      ...pass,
      layout: this.#layout,
      theta: this.#theta,
      running: this.#statistics,
      terms: this.#terms,
      quantizationLoss: this.#options.quantizationLoss,
      samples: this.warmingUp,
    });
    return this.#proposal(batch, { ...gradient, finite: isAllFinite(gradient.gradient) }, pass);
  }

  /**
   * {@link Trainer.step} with the gradient computed by parts of the batch: the same step, but for the order of sums, for batch normalisation, which sees a part at a
   * time, and for what a term of the context compares across images. The bits depend on `count`, not on the runner's threads.
   *
   * @param count parts that the batch is cut into, at most one for each image
   * @throws ModelError as {@link Trainer.step}, and whatever the runner throws; nothing has changed then
   */
  async stepByShards(batch: TrainBatch, learningRate: number, runner: ShardRunner, count: number): Promise<number> {
    const { graph: _, ...pass } = this.#pass();
    this.#host ??= new Float32Array(this.#layout.total);
    const theta = readInto(this.#theta, this.#host);
    const given = { pass, running: this.#statistics, samples: this.warmingUp, runner, count };
    const gradient = await gradientByShards(batch, theta, given);
    const proposal = this.#proposal(batch, gradient, this.#pass());
    proposal.commit(learningRate);
    return proposal.loss;
  }

  #proposal(batch: TrainBatch, gradient: Gradient, pass: PassOptions): StepProposal {
    try {
      const { loss, finite } = gradient;
      if (!Number.isFinite(loss)) {
        this.#refuse(`loss must stay finite, got ${loss}; ${firstBadNode(batch, this.params(), pass)}`);
      }
      if (!finite) {
        const names = badGradients(this.#layout, gradient.gradient);
        this.#refuse(`gradients must stay finite, got NaN or infinity in ${names}`);
      }
    } catch (error) {
      gradient.gradient.dispose();
      throw error;
    }
    return {
      loss: gradient.loss,
      terms: gradient.terms,
      commit: (learningRate) => this.#commit(gradient, learningRate),
      dispose: () => gradient.gradient.dispose(),
    };
  }

  /** A copy of everything that must be remembered. */
  state(): TrainerState {
    const observers = this.warmingUp ? observerStates(this.#observers) : {};
    const ema = this.#average ? unflatten(this.#layout, this.#average.dataSync() as Float32Array) : null;
    return { params: this.params(), optimizer: this.#optimizer.state(), observers, ema };
  }

  /** A copy of the parameters. */
  params(): Params {
    return this.#complete(this.#theta);
  }

  /** A copy of the moving average of the parameters, with the running statistics of now; `null` where none is kept. */
  averaged(): Params | null {
    return this.#average && this.#complete(this.#average);
  }

  dispose(): void {
    const optional = [this.#rates, this.#average].filter((tensor) => tensor !== null);
    tf.dispose([this.#theta, this.#decayed, ...optional]);
    this.#optimizer.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #commit({ gradient, samples, statistics, terms }: Gradient, learningRate: number): void {
    const wasWarmingUp = this.warmingUp;
    for (const { quantizer, observer, values } of samples) this.#observers.get(quantizer)?.[observer]?.observe(values);
    const theta = this.#moved(gradient, learningRate);
    tf.dispose([this.#theta, gradient]);
    this.#theta = theta;
    this.#lastTerms = terms;
    this.#steps++;
    this.#statistics = movedStatistics(this.#statistics, statistics, this.#options.momentum);
    if (this.#average) this.#setAverage(movedAverage(this.#average, theta, this.#options.emaDecay, this.#steps));
    if (wasWarmingUp && !this.warmingUp) this.#switchOn();
    if (this.#steps === this.#options.holdLevelsAt) this.#settle();
  }

  /** The parameters after a step; new ones. */
  #moved(gradient: tf.Tensor1D, learningRate: number): tf.Tensor1D {
    const { clipNorm, holdLevelsAt = null } = this.#options;
    const held = holdLevelsAt !== null && this.#steps >= holdLevelsAt ? this.#levels : null;
    const own = held?.gradient(this.#theta, gradient) ?? gradient.clone();
    const clipped = clipByNorm(own, clipNorm);
    const theta = this.#optimizer.update({
      theta: this.#theta,
      gradient: clipped,
      learningRate,
      rates: this.#rates,
      decayed: this.#decayed,
    });
    const followed = held?.followed(this.#theta, theta) ?? theta.clone();
    tf.dispose([own, clipped, theta]);
    return followed;
  }

  /** Puts weights on their levels, where they stay; the average begins there. */
  #settle(): void {
    const settled = (this.#levels as HeldLevels).settled(this.#theta);
    this.#theta.dispose();
    this.#theta = settled;
    if (this.#average) this.#setAverage(settled.clone());
  }

  #pass(): PassOptions {
    const { freezeStatisticsAt } = this.#options;
    return {
      graph: this.#graph,
      mode: this.#hasGrids && !this.warmingUp ? 'quantized' : 'float',
      statistics: freezeStatisticsAt !== null && this.#steps >= freezeStatisticsAt ? 'running' : 'batch',
      seed: this.#steps * SEEDS_PER_STEP,
    };
  }

  #refuse(problem: string): never {
    throw new ModelError('Trainer.step', `${problem} at step ${this.#steps}`, 'lower the learning rate');
  }

  #complete(flat: tf.Tensor1D): Params {
    return new Map([...unflatten(this.#layout, flat.dataSync() as Float32Array), ...this.#statistics]);
  }

  #setAverage(average: tf.Tensor1D): void {
    this.#average?.dispose();
    this.#average = average;
  }

  /** Ends the warm-up: every quantizer gets its calibrated step, the average too, whose own steps mean nothing yet. */
  #switchOn(): void {
    const { calibration } = this.#options;
    const averaged = this.averaged();
    const params = applyCalibration(this.#graph, this.params(), calibration, this.#observers);
    this.#theta.dispose();
    this.#theta = tf.tensor1d(flatten(this.#layout, params));
    if (!averaged) return;
    const calibrated = applyCalibration(this.#graph, averaged, calibration, this.#observers);
    this.#setAverage(tf.tensor1d(flatten(this.#layout, calibrated)));
  }
}

/**
 * The state of a training that has not begun. Quantizer parameters that `params` lacks start at 0; the warm-up sets them.
 *
 * @param optimizer name of the optimizer that will go on from it
 */
export function startState(graph: Graph, params: Params, optimizer: string = trainerDefaults.optimizer): TrainerState {
  const layout = flatLayout(graph);
  const complete = new Map(
    layout.parameters.map(({ name }, i) => [name, params.get(name) ?? new Float32Array(layout.sizes[i] as number)]),
  );
  return {
    params: new Map([...complete, ...statisticsOf(graph, params)]),
    optimizer: optimizerStart(optimizer, layout.total),
    observers: {},
    ema: null,
  };
}
