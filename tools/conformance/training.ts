/**
 * A small fully quantized training, the same on every backend, on Node and in a page.
 */
import { planFromPreset } from '@fqsr/quant-core';
import {
  buildGraph,
  graphOf,
  initParams,
  type ModelRef,
  parseCheckpoint,
  serializeCheckpoint,
  startState,
  type TrainBatch,
  Trainer,
  type TrainerState,
  trainerDefaults,
} from '@fqsr/sr-models';

export const steps = 20;
const model: ModelRef = {
  family: 'edsr',
  name: 'small',
  config: { scale: 2, blocks: 1, features: 4, residualScale: 1, upsampler: 'direct' },
};
const plan = planFromPreset('w4a4s8');
const graph = graphOf({ model, plan });
/** Four steps in float, then all layers and skips on grids of 4 and 8 bits. */
const options = { ...trainerDefaults, warmupSteps: 4, quantizationLoss: 0.1 };
const batchSize = 2;
export const patchSize = 7;

/** Waves whose phase is the step's: high resolution, and the mean of 2 x 2 of it. */
export function batchAt(step: number): TrainBatch {
  const side = 2 * patchSize;
  const wave = (n: number, y: number, x: number, c: number): number =>
    128 + 60 * Math.sin(0.41 * x + 0.23 * y * (c + 1) + step + n) + 40 * Math.sin(0.9 * y - 0.35 * x * n + 2 * c);
  const image = (size: number, of: (n: number, y: number, x: number, c: number) => number): Float32Array =>
    Float32Array.from({ length: batchSize * size * size * 3 }, (_, i) =>
      of(Math.floor(i / (size * size * 3)), Math.floor(i / (size * 3)) % size, Math.floor(i / 3) % size, i % 3),
    );
  const mean = (n: number, y: number, x: number, c: number): number =>
    [0, 1, 2, 3].reduce((sum, k) => sum + wave(n, 2 * y + (k >> 1), 2 * x + (k & 1), c) / 4, 0);
  return { lr: image(patchSize, mean), hr: image(side, wave), batchSize, patchSize };
}

/** The state before the first step. */
export const start = (): TrainerState => startState(graph, initParams(buildGraph(model), 7));

/** All that a training must remember, as a file's bytes. */
export function checkpointOf(trainer: Trainer, step: number): Uint8Array {
  const { params, ...training } = trainer.state();
  return serializeCheckpoint({ model, plan, params, training: { ...training, adversary: null }, run: { step } });
}

/** The state in such bytes. */
export function stateFrom(bytes: Uint8Array): TrainerState {
  const { params, training } = parseCheckpoint(bytes);
  if (!training) throw new Error('[tools] stateFrom: the checkpoint must hold a training, got none');
  return { params, ...training };
}

/** A trainer on the current backend; the caller disposes. */
export const trainerFrom = (state: TrainerState): Trainer => new Trainer(graph, state, options);

/** Trains from one step to another; the loss of each, in grey levels. */
export function trainSteps(trainer: Trainer, from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, i) => trainer.step(batchAt(from + i), 5e-4));
}

/** The loss curve of the whole training on the current backend. */
export function lossCurve(): readonly number[] {
  using trainer = trainerFrom(start());
  return trainSteps(trainer, 0, steps);
}
