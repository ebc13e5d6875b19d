import { fileURLToPath } from 'node:url';
import { useBackend } from '@fqsr/backends';
import { devicesHere } from '@fqsr/backends/testing';
import * as tf from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { beforeAll, describe, expect, test } from 'vitest';
import { scriptPage } from '../gpu/script-page.ts';
import { canRun } from '../gpu/unpack.ts';
import { checkpointOf, lossCurve, start, stateFrom, steps, trainerFrom, trainSteps } from './training.ts';

const hasWebgpu = (await devicesHere()).includes('webgpu');
const hasChromium = canRun() || Boolean(process.env['FQSR_CHROMIUM']);

declare global {
  var lossCurveOn: (device: string) => Promise<readonly number[]>;
}

let expected: readonly number[] = [];
beforeAll(async () => {
  await useBackend('wasm');
  expected = lossCurve();
});

/** The largest relative difference of two curves. */
function difference(curve: readonly number[]): number {
  expect(curve).toHaveLength(steps);
  return Math.max(...curve.map((loss, i) => Math.abs(loss / (expected[i] as number) - 1)));
}

describe('20 steps of a fully quantized EDSR', () => {
  test('lower the loss on wasm', () => {
    expect(expected.every(Number.isFinite)).toBe(true);
    expect(expected.at(-1)).toBeLessThan(0.9 * (expected[0] as number));
  });

  test.skipIf(!hasWebgpu)(
    'give the same curve on webgpu on Node within 0.1 %, and leave no tensor',
    async () => {
      await useBackend('webgpu');
      const before = { tensors: tf.memory().numTensors, data: tf.backend().numDataIds() };
      expect(difference(lossCurve())).toBeLessThan(1e-3);
      expect({ tensors: tf.memory().numTensors, data: tf.backend().numDataIds() }).toEqual(before);
    },
    120_000,
  );

  test.skipIf(!hasWebgpu)(
    'go on from the last checkpoint after a loss of the device, with the same bits',
    async () => {
      await useBackend('webgpu');
      const trainer = trainerFrom(start());
      trainSteps(trainer, 0, 6);
      const checkpoint = checkpointOf(trainer, 6);
      const uninterrupted = trainSteps(trainer, 6, 9);
      const { device } = tf.backend() as WebGPUBackend;
      device.destroy();
      await device.lost;
      expect(() => trainSteps(trainer, 9, 10)).toThrow(/the device must live .*resume from the last checkpoint/);
      await useBackend('webgpu');
      using resumed = trainerFrom(stateFrom(checkpoint));
      expect(trainSteps(resumed, 6, 9)).toEqual(uninterrupted);
    },
    120_000,
  );

  test.skipIf(!hasChromium)(
    'give the same curve on wasm and webgpu in Chromium within 0.1 %',
    async () => {
      const { page, close } = await scriptPage(fileURLToPath(new URL('training-page.ts', import.meta.url)));
      try {
        for (const device of ['wasm', 'webgpu']) {
          const curve = await page.evaluate((name) => globalThis.lossCurveOn(name), device);
          expect(difference(curve)).toBeLessThan(1e-3);
        }
      } finally {
        await close();
      }
    },
    180_000,
  );
});
