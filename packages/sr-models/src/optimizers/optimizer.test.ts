import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { ModelError } from '../error.js';
import { Optimizer, optimizerDefaults, optimizerStart } from './optimizer.js';
import { optimizers } from './registry.js';

beforeAll(() => useBackend('wasm'));

const gradients = [
  [1, -2, 0, 1e-3],
  [0.5, 3, 0, -1e-3],
  [-1, 1, 0, 2e-3],
  [4, 0, 0, 0],
];
const start = [1, 2, 3, 4];
const rates = [1, 1, 1, 0.1];
const decayed = [1, 0, 1, 1];

/** Runs an optimizer from parameters over gradients; the new parameters. */
function run(optimizer: Optimizer, from: readonly number[], steps: readonly (readonly number[])[]): number[] {
  let theta = tf.tensor1d([...from]);
  const [rate, decay] = [tf.tensor1d(rates), tf.tensor1d(decayed)];
  for (const values of steps) {
    const gradient = tf.tensor1d([...values]);
    const next = optimizer.update({ theta, gradient, learningRate: 0.01, rates: rate, decayed: decay });
    tf.dispose([theta, gradient]);
    theta = next;
  }
  const values = [...theta.dataSync()];
  tf.dispose([theta, rate, decay]);
  return values;
}

/** The formulas of both papers in float64. */
function wanted(weightDecay: number): number[] {
  return start.map((first, i) => {
    let [value, m, v] = [first, 0, 0];
    for (const [t, gradient] of gradients.entries()) {
      const g = gradient[i] as number;
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      const direction = m / (1 - 0.9 ** (t + 1)) / (Math.sqrt(v / (1 - 0.999 ** (t + 1))) + 1e-8);
      const decay = 0.01 * weightDecay * (decayed[i] as number) * value;
      value -= decay + 0.01 * (rates[i] as number) * direction;
    }
    return value;
  });
}

it.each([
  ['adam', 0],
  ['adamw', 0.5],
])('%s follows the formula of its paper, with a rate for each parameter', (name, effective) => {
  using optimizer = new Optimizer(name, optimizerStart(name, 4), { ...optimizerDefaults, weightDecay: 0.5 });
  const got = run(optimizer, start, gradients);
  for (const [i, value] of wanted(effective).entries()) expect(got[i]).toBeCloseTo(value, 5);
});

describe.each(Object.keys(optimizers))('%s', (name) => {
  it('is found by its name and described', () => {
    expect(optimizers[name as keyof typeof optimizers]).toMatchObject({
      name,
      description: expect.stringMatching(/./),
    });
  });

  it('gives the same bits in one pass and in many, whatever the number of parameters', async () => {
    const count = 37;
    const wave = (scale: number) => Float32Array.from({ length: count }, (_, i) => scale * Math.sin(i * i + scale));
    const stateOn = async (backend: 'wasm' | 'cpu') => {
      await useBackend(backend);
      const optimizer = new Optimizer(name, optimizerStart(name, count));
      let theta = tf.tensor1d(wave(3));
      for (const scale of [1, 1e-4, 0, 700]) {
        const gradient = tf.tensor1d(wave(scale));
        const next = optimizer.update({ theta, gradient, learningRate: 0.01, rates: null, decayed: null });
        tf.dispose([theta, gradient]);
        theta = next;
      }
      const result = { theta: Float32Array.from(theta.dataSync()), slots: optimizer.state().slots };
      tf.dispose(theta);
      optimizer.dispose();
      return result;
    };
    // TF.js's `cpu` backend has no kernel for it.
    expect(await stateOn('wasm')).toEqual(await stateOn('cpu'));
    await useBackend('wasm');
  });

  it('goes on from its state with the same bits, and leaks no tensors', () => {
    const before = tf.memory().numTensors;
    const straight = new Optimizer(name, optimizerStart(name, 4));
    const all = run(straight, start, gradients);
    const first = new Optimizer(name, optimizerStart(name, 4));
    const halfway = run(first, start, gradients.slice(0, 2));
    const second = new Optimizer(name, first.state());
    expect(run(second, halfway, gradients.slice(2))).toEqual(all);
    expect(second.state()).toEqual(straight.state());
    expect(second.state().steps).toBe(4);
    for (const optimizer of [straight, first, second]) optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses a state of another optimizer', () => {
    const state = { steps: 1, slots: { momentum: new Float32Array(4) } };
    expect(() => new Optimizer(name, state)).toThrow(`the state of ${name} must have m, v, got momentum`);
  });
});

it('an unknown name is refused with the choices', () => {
  expect(() => optimizerStart('sgd', 1)).toThrow(ModelError);
  expect(() => optimizerStart('sgd', 1)).toThrow('optimizer must be one of adam, adamw, got "sgd"');
});
