/** The step that the training benchmarks take: EDSR-baseline x4, batch 8, patches 24x24, on made-up images. */
import { planFromPreset } from '@fqsr/quant-core';
import { graphOf, modelByName, trainerDefaults } from '@fqsr/sr-models';

export const [BATCH, SIDE, SCALE] = [8, 24, 4];
export const model = modelByName('edsr-baseline', SCALE);
export const graphFor = (plan) => graphOf({ model, plan: plan && planFromPreset(plan) });
/** One step in float, under the observers, before the quantizers are on; a calibration that takes no time. */
export const options = { ...trainerDefaults, warmupSteps: 1, calibration: 'moving-max' };
export const worker = new URL('./training-step-worker.mjs', import.meta.url);

const noise = (length, seed) => Float32Array.from({ length }, (_, at) => 127.5 + 100 * Math.sin((at + seed) * 12.9898));
export const batch = {
  lr: noise(BATCH * SIDE * SIDE * 3, 1),
  hr: noise(BATCH * (SIDE * SCALE) ** 2 * 3, 2),
  batchSize: BATCH,
  patchSize: SIDE,
};
