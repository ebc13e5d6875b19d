import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { ModelError } from '../error.js';
import { adversarialLossByName, adversarialLosses } from './registry.js';
import type { AdversarialLoss } from './types.js';

beforeAll(() => useBackend('wasm'));

const entries: readonly (readonly [string, AdversarialLoss])[] = Object.entries(adversarialLosses);
const logits = (...values: number[]) => tf.tensor2d(values, [values.length, 1]);
const number = (make: () => tf.Scalar) => tf.tidy(() => make().dataSync()[0] as number);

describe.each(entries)('adversarial loss %s', (key, loss) => {
  it('is found by its name and described', () => {
    expect(loss.name).toBe(key);
    expect(loss.description).not.toBe('');
    expect(adversarialLossByName(key)).toBe(loss);
  });

  it('is log 2 where the discriminator cannot tell', () => {
    for (const side of ['discriminator', 'generator'] as const) {
      expect(number(() => loss[side](logits(0, 0), logits(0, 0)))).toBeCloseTo(Math.LN2, 6);
    }
  });

  it('rewards the discriminator for telling them apart, and the generator for the opposite', () => {
    tf.tidy(() => {
      const [real, fake] = [logits(0.5, -0.2), logits(0.1, -0.6)];
      const [dReal, dFake] = tf.grads((r, f) => loss.discriminator(r as tf.Tensor2D, f as tf.Tensor2D))([real, fake]);
      expect(dReal?.dataSync().every((g) => g < 0)).toBe(true);
      expect(dFake?.dataSync().every((g) => g > 0)).toBe(true);
      const generator = tf.grad((f) => loss.generator(real, f as tf.Tensor2D))(fake);
      expect(generator.dataSync().every((g) => g < 0)).toBe(true);
    });
  });

  it('stays finite at large logits', () => {
    for (const side of ['discriminator', 'generator'] as const) {
      expect(number(() => loss[side](logits(-1e4), logits(1e4)))).toBeLessThan(1e5);
    }
  });
});

const softplus = (x: number) => Math.log1p(Math.exp(x));

it('standard is the binary cross-entropy', () => {
  const { discriminator, generator } = adversarialLosses.standard;
  const d = (softplus(-1) + softplus(2)) / 2;
  expect(number(() => discriminator(logits(1), logits(2)))).toBeCloseTo(d, 5);
  expect(number(() => generator(logits(1), logits(2)))).toBeCloseTo(softplus(-2), 5);
});

it('relativistic compares with the mean of the others', () => {
  const { discriminator, generator } = adversarialLosses.relativistic;
  // real 1, 3 (mean 2), fake 0, -2 (mean -1): differences 2, 4 and -2, -4.
  const [real, fake] = [() => logits(1, 3), () => logits(0, -2)];
  const apart = (softplus(-2) + softplus(-4)) / 2;
  expect(number(() => discriminator(real(), fake()))).toBeCloseTo(apart, 5);
  expect(number(() => generator(real(), fake()))).toBeCloseTo((softplus(2) + softplus(4)) / 2, 5);
});

it('an unknown name is refused with the choices', () => {
  expect(() => adversarialLossByName('wasserstein')).toThrow(ModelError);
  expect(() => adversarialLossByName('wasserstein')).toThrow('must be one of standard, relativistic');
});
