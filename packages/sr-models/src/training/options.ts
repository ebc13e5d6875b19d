/** What decides a training step, and what a training must remember. */
import type { ObserverStates } from '../calibrate.js';
import { type OptimizerState, optimizerDefaults } from '../optimizers/optimizer.js';
import type { OptimizerOptions } from '../optimizers/types.js';
import type { Params } from '../params.js';
import type { FeatureExtractor } from '../perceptual/types.js';
import type { Weights } from '../weights.js';
import type { TermSource } from './terms.js';

/** What does not change during a training. Plain data. */
export interface TrainerOptions extends OptimizerOptions {
  /** Name of a loss, or the weights of several: `{ l1: 0.01, perceptual: 1 }` or `l1=0.01,perceptual`. */
  readonly loss: string | Weights;
  /** Name of an optimizer. */
  readonly optimizer: string;
  /** Largest norm of the gradient of all parameters together; a longer one is scaled down to it. 0 leaves it alone. */
  readonly clipNorm: number;
  /** Decay of the moving average of the parameters, over about `1 / (1 - decay)` steps (see `movedAverage`); 0 keeps none. */
  readonly emaDecay: number;
  /** Steps in float before the quantizers are switched on; 20 in FQSR. Only for quantized graphs. */
  readonly warmupSteps: number;
  /** Name of the calibration that the warm-up feeds. */
  readonly calibration: string;
  /** Weight of the quantization-aware loss, the sum of `mean |x - Q(x)|` over all quantizers; 0.3 in FQSR, 0 leaves it out. */
  readonly quantizationLoss: number;
  /**
   * The step from which batch normalisation uses its running statistics, frozen: the last part of a training before it is folded. Until then it uses
   * those of the batch, which also move the running ones by {@link TrainerOptions.momentum}. `null` for never.
   */
  readonly freezeStatisticsAt: number | null;
  /**
   * The step from which weights keep their levels, while their steps, biases and all others go on learning (see `HeldLevels`): the last part of a quantization-aware training. The moving average begins anew there.
   * Weights must be quantized by `lsq-log`. `null`, or left out, for never.
   */
  readonly holdLevelsAt?: number | null;
  /** Share of a batch in the running statistics. */
  readonly momentum: number;
  /** Learning rate of quantizer parameters relative to the weights'. */
  readonly quantizerRate: number;
  /** Learning rate of biases relative to the weights': 255 is what networks of images in 0..1 have (see `relativeRates`). */
  readonly biasRate: number;
}

/** Sensible values. */
export const trainerDefaults: TrainerOptions = {
  ...optimizerDefaults,
  loss: 'l1',
  optimizer: 'adam',
  clipNorm: 0,
  emaDecay: 0,
  warmupSteps: 20,
  calibration: 'mse',
  quantizationLoss: 0,
  freezeStatisticsAt: null,
  holdLevelsAt: null,
  momentum: 0.1,
  quantizerRate: 1,
  biasRate: 1,
};

/** What a training uses beside its options: networks that it does not train. The caller owns and disposes them. */
export interface TrainerContext {
  /** For perceptual losses. */
  readonly features?: FeatureExtractor;
  /** Terms beside the losses: distillation, an adversary. */
  readonly terms?: readonly TermSource[];
}

/** Everything that a training must remember to go on with the same bits. */
export interface TrainerState {
  readonly params: Params;
  readonly optimizer: OptimizerState;
  /** States of the observers while the warm-up runs. */
  readonly observers: ObserverStates;
  /** Moving average of the learned parameters, where one is kept. */
  readonly ema: Params | null;
}

/** A batch of patches in grey levels, NHWC. */
export interface TrainBatch {
  readonly lr: Float32Array;
  readonly hr: Float32Array;
  readonly batchSize: number;
  /** Side of a low-resolution patch. */
  readonly patchSize: number;
}
