/**
 * Every quantizer with every estimator on WebGPU: levels and gradients of the definitions, on grids of one, two and three bits. The other tests loop over the backends of
 * the processor; a software GPU is too slow for all of their grids.
 */
import { useBackend } from '@fqsr/backends';
import { devicesHere } from '@fqsr/backends/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type QuantizerName, quantizerByName, quantizers, type SteName, stes } from '../src/registry.js';
import { casesOf, compare } from './pairs.js';
import { servedSpecs } from './specs.js';

const names = Object.keys(quantizers) as readonly QuantizerName[];
const steNames = Object.keys(stes) as readonly SteName[];
/** WGSL's tanh and exp are less exact than others. */
const BOUND = 1e-3;
const devices = (await devicesHere()).filter((device) => device === 'webgpu');

describe.skipIf(devices.length === 0)('on webgpu', () => {
  beforeAll(async () => {
    await useBackend('webgpu');
  });

  describe.each(names)('%s', (name) => {
    it.each(steNames)('with %s', (ste) => {
      const specs = [1, 2, 3].flatMap((bits) => servedSpecs(quantizerByName(name), ste, [bits]).slice(-1));
      expect(specs.length).toBeGreaterThan(0);
      const before = tf.memory().numTensors;
      for (const spec of specs) for (const one of casesOf(spec)) compare(one, BOUND);
      expect(tf.memory().numTensors).toBe(before);
    });
  });
});
