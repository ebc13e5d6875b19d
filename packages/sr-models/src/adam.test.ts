import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { Adam, adamStart } from './adam.js';

beforeAll(() => useBackend('wasm'));

const gradients = [
  [1, -2, 0, 1e-3],
  [0.5, 3, 0, -1e-3],
  [-1, 1, 0, 2e-3],
  [4, 0, 0, 0],
];

/** Runs Adam from a state over gradients; the new parameters. */
function run(
  adam: Adam,
  start: readonly number[],
  steps: readonly (readonly number[])[],
  rates: readonly number[] | null,
) {
  let theta = tf.tensor1d([...start]);
  const rate = rates ? tf.tensor1d([...rates]) : null;
  for (const values of steps) {
    const gradient = tf.tensor1d([...values]);
    const next = adam.update(theta, gradient, 0.01, rate);
    tf.dispose([theta, gradient]);
    theta = next;
  }
  const values = [...theta.dataSync()];
  tf.dispose(rate ? [theta, rate] : [theta]);
  return values;
}

it('follows the formula of the paper, with a rate for each parameter', () => {
  const rates = [1, 1, 1, 0.1];
  const wanted = [1, 2, 3, 4];
  for (const [i] of wanted.entries()) {
    let [m, v] = [0, 0];
    for (const [t, gradient] of gradients.entries()) {
      const g = gradient[i] as number;
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      const direction = m / (1 - 0.9 ** (t + 1)) / (Math.sqrt(v / (1 - 0.999 ** (t + 1))) + 1e-8);
      wanted[i] = (wanted[i] as number) - 0.01 * (rates[i] as number) * direction;
    }
  }
  using adam = new Adam(adamStart(4));
  const got = run(adam, [1, 2, 3, 4], gradients, rates);
  for (const [i, value] of wanted.entries()) expect(got[i]).toBeCloseTo(value, 5);
  expect(got[2]).toBe(3);
});

it('goes on from its state with the same bits, and leaks no tensors', () => {
  const before = tf.memory().numTensors;
  const straight = new Adam(adamStart(4));
  const wanted = run(straight, [1, 2, 3, 4], gradients, null);
  const first = new Adam(adamStart(4));
  const halfway = run(first, [1, 2, 3, 4], gradients.slice(0, 2), null);
  const second = new Adam(first.state());
  expect(run(second, halfway, gradients.slice(2), null)).toEqual(wanted);
  expect(second.state()).toEqual(straight.state());
  expect(second.state().steps).toBe(4);
  for (const adam of [straight, first, second]) adam.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
