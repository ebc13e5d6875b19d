/** Small networks with random weights and calibrated grids, random images and batches, for tests. */
import { makePlan, planFromPreset, type QuantPlan, real } from '@fqsr/quant-core';
import * as tf from '@tensorflow/tfjs';
import { applyCalibration, createObservers, observe } from '../src/calibrate.js';
import type { Graph } from '../src/graph.js';
import { type EdsrConfig, edsr } from '../src/models/edsr.js';
import { type MsrresnetConfig, msrresnet } from '../src/models/msrresnet.js';
import { type SrresnetConfig, srresnet } from '../src/models/srresnet.js';
import { type Params, toTensors } from '../src/params.js';
import { forward } from '../src/passes/forward.js';
import { initParams } from '../src/passes/init.js';
import { quantizeGraph } from '../src/passes/quantize.js';
import type { ImageBytes } from '../src/passes/verify.js';
import type { TrainBatch } from '../src/train-step.js';

/** Seeded numbers in [0, 1) (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A smooth random image: low waves and a little noise. */
export function randomImage(seed: number, width: number, height: number): ImageBytes & { readonly channels: 3 } {
  const random = randomNumbers(seed);
  const waves = Array.from({ length: 9 }, () => [random() * 0.9, random() * 0.9, random() * 6] as const);
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
    let value = 118 + (random() - 0.5) * 16;
    for (const [fx, fy, phase] of waves.slice(c * 3, c * 3 + 3)) value += 32 * Math.sin(fx * x + fy * y + phase);
    return Math.min(255, Math.max(0, Math.round(value)));
  });
  return { width, height, channels: 3, data };
}

/** A small EDSR. */
export function tinyEdsr(config: Partial<EdsrConfig> = {}): Graph {
  return edsr.build({ scale: 2, blocks: 1, features: 4, residualScale: 1, upsampler: 'direct', ...config }, 'tiny');
}

/** A small SRResNet, or SRGAN generator. */
export function tinySrresnet(config: Partial<SrresnetConfig> = {}): Graph {
  return srresnet.build({ scale: 2, blocks: 1, features: 4, batchNorm: false, output: 'linear', ...config }, 'tiny');
}

/** A small MSRResNet, which adds to a bilinear enlargement. */
export function tinyMsrresnet(config: Partial<MsrresnetConfig> = {}): Graph {
  return msrresnet.build({ scale: 2, blocks: 1, features: 4, ...config }, 'tiny');
}

/** A small quantized EDSR. */
export function tinyQuantized(plan: string | QuantPlan = 'w4a4s8', config: Partial<EdsrConfig> = {}): Graph {
  return quantizeGraph(tinyEdsr(config), typeof plan === 'string' ? planFromPreset(plan) : plan);
}

/** A preset whose activations and skips have one step for each channel. */
export function perChannelPlan(preset: string): QuantPlan {
  const plan = planFromPreset(preset);
  const { activations, skips } = plan.roles;
  return makePlan({
    ...plan,
    name: `${preset}-channel`,
    roles: {
      ...plan.roles,
      activations: activations && { ...activations, granularity: 'channel' },
      skips: skips && { ...skips, granularity: 'channel' },
    },
  });
}

/** A preset on the paper's full-range grids: weights, skips and whatever can be negative lie on mid-rise grids. */
export function midrisePlan(preset: string): QuantPlan {
  const { roles, ...plan } = planFromPreset(preset);
  const grid = 'midrise';
  return makePlan({
    ...plan,
    name: `${preset}-midrise`,
    roles: {
      ...roles,
      weights: roles.weights && { ...roles.weights, grid, narrow: false },
      activations: roles.activations && { ...roles.activations, grid },
      skips: roles.skips && { ...roles.skips, grid },
    },
  });
}

/** Random weights and biases, and grids calibrated on one image. */
export function calibratedParams(graph: Graph, seed: number, calibration = 'mse'): Params {
  const random = randomNumbers(seed + 1);
  const params = new Map(
    [...initParams(graph, seed)].map(([name, values]) => [
      name,
      name.endsWith('.bias')
        ? values.map((value) => value + (random() - 0.5) * 8)
        : name.endsWith('.slope')
          ? values.map(() => (random() < 0.1 ? 0 : random() - 0.2))
          : values,
    ]),
  );
  const observers = createObservers(graph, calibration);
  const { width, height, data } = randomImage(seed + 2, 20, 16);
  tf.tidy(() => {
    forward(graph, tf.tensor4d(Float32Array.from(data), [1, height, width, 3]), {
      params: toTensors(graph, params),
      mode: 'float',
      onInput: ({ quantizer }, input) => {
        const own = observers.get(quantizer);
        if (own) observe(own, real(input));
      },
    });
  });
  return applyCalibration(graph, params, calibration, observers);
}

/** A batch whose high-resolution patches are the low-resolution ones, enlarged by repetition: learnable, and never exact. */
export function randomBatch(seed: number, scale: number, patchSize = 8, batchSize = 2): TrainBatch {
  const lr = new Float32Array(batchSize * patchSize ** 2 * 3);
  const side = patchSize * scale;
  const hr = new Float32Array(batchSize * side ** 2 * 3);
  for (let n = 0; n < batchSize; n++) {
    const { data } = randomImage(seed * batchSize + n, patchSize, patchSize);
    lr.set(data, n * data.length);
    for (let i = 0; i < side * side * 3; i++) {
      const [x, y, c] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side), i % 3];
      const from = (Math.floor(y / scale) * patchSize + Math.floor(x / scale)) * 3 + c;
      hr[n * side * side * 3 + i] = data[from] as number;
    }
  }
  return { lr, hr, batchSize, patchSize };
}
