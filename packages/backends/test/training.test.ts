import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { useBackend } from '../src/index.js';
import { normal } from './reference.js';

/** Three convolutions with ReLU, a skip and a pixel shuffle: 3 channels in, 3 out at twice the size. */
function network(x: tf.Tensor4D, weights: readonly tf.Tensor[]): tf.Tensor4D {
  const [w1, b1, w2, b2, w3, b3] = weights as tf.Tensor4D[];
  const conv = (input: tf.Tensor4D, w: tf.Tensor4D | undefined, b: tf.Tensor | undefined) =>
    tf.add(tf.conv2d(input, w!, 1, 'same'), b!) as tf.Tensor4D;
  const head = tf.relu(conv(x, w1, b1));
  const body = tf.add(tf.relu(conv(head, w2, b2)), head) as tf.Tensor4D;
  return tf.depthToSpace(conv(body, w3, b3), 2, 'NHWC');
}

const weightShapes = [[3, 3, 3, 8], [8], [3, 3, 8, 8], [8], [5, 5, 8, 12], [12]];
const makeWeights = () => weightShapes.map((shape, at) => tf.mul(normal(shape, at + 10), 0.2));
const loss =
  (x: tf.Tensor4D, target: tf.Tensor4D) =>
  (...weights: tf.Tensor[]) =>
    tf.mean(tf.abs(tf.sub(network(x, weights), target))) as tf.Scalar;

describe('gradients', () => {
  const onBackend = async (name: 'wasm' | 'cpu') => {
    await useBackend(name);
    return tf.tidy(() => {
      const x = normal([2, 6, 5, 3], 1) as tf.Tensor4D;
      const target = normal([2, 12, 10, 3], 2) as tf.Tensor4D;
      const { value, grads } = tf.valueAndGrads(loss(x, target))(makeWeights());
      return { value: value.dataSync()[0]!, grads: grads.map((tensor) => [...tensor.dataSync()]) };
    });
  };
  test('of a net with relu, skip, bias and depthToSpace equal the cpu backend within 1e-5', async () => {
    const expected = await onBackend('cpu');
    const actual = await onBackend('wasm');
    expect(Math.abs(actual.value - expected.value)).toBeLessThan(1e-6);
    actual.grads.forEach((values, at) => {
      values.forEach((value, i) => {
        expect(Math.abs(value - expected.grads[at]![i]!)).toBeLessThan(1e-5);
      });
    });
  });

  test.each([
    ['NHWC', [2, 3, 4, 12], 2],
    ['NHWC', [1, 2, 2, 9], 3],
    ['NCHW', [2, 12, 3, 4], 2],
  ] as const)('of depthToSpace in %s of %j by %i move the values back', async (format, shape, block) => {
    await useBackend('wasm');
    tf.tidy(() => {
      const x = normal([...shape], 1) as tf.Tensor4D;
      const shuffle = (input: tf.Tensor) => tf.depthToSpace(input as tf.Tensor4D, block, format);
      const back = tf.grad(shuffle)(x, shuffle(x));
      expect(back.shape).toEqual(x.shape);
      expect(back.dataSync()).toEqual(x.dataSync());
    });
  });

  const pointwise: Record<string, (x: tf.Tensor) => tf.Tensor> = {
    relu: tf.relu,
    abs: tf.abs,
    clipByValue: (x) => tf.clipByValue(x, -1, 0.5),
    leakyRelu: (x) => tf.leakyRelu(x, 0.1),
    maximum: (x) => tf.maximum(x, 0.5),
    minimum: (x) => tf.minimum(x, -1),
    prelu: (x) => tf.prelu(x, tf.tensor1d([0.1, 0.2, 0.3])),
  };
  test.each(Object.entries(pointwise))('of %s equal the cpu backend on ties too', async (_, op) => {
    const values: number[][] = [];
    for (const name of ['cpu', 'wasm'] as const) {
      await useBackend(name);
      tf.tidy(() => {
        const x = tf.tensor2d([-2, -1, -0.5, -0, 0, 0.5, 1, 2, -1], [3, 3]);
        values.push([
          ...tf
            .grad(op)(x, tf.fill([3, 3], -3))
            .dataSync(),
        ]);
      });
    }
    expect(values[1]).toEqual(values[0]);
  });
  test('relu has slope 0 at 0', async () => {
    await useBackend('wasm');
    tf.tidy(() => {
      expect([
        ...tf
          .grad(tf.relu)(tf.tensor1d([-1, 0, 1]))
          .dataSync(),
      ]).toEqual([0, 0, 1]);
    });
  });
});

describe('training', () => {
  test('20 steps lower the loss, and repeat bit for bit', async () => {
    await useBackend('wasm');
    const train = () => {
      const x = tf.randomUniform([4, 8, 8, 3], 0, 1, 'float32', 1) as tf.Tensor4D;
      const target = tf.tidy(() => tf.image.resizeNearestNeighbor(x, [16, 16]));
      const weights = makeWeights().map((tensor) => tf.variable(tensor));
      const optimizer = tf.train.adam(0.01);
      const losses: number[] = [];
      for (let step = 0; step < 20; step++) {
        const cost = optimizer.minimize(() => loss(x, target)(...weights), true, weights)!;
        losses.push(cost.dataSync()[0]!);
        cost.dispose();
      }
      tf.dispose([x, target, ...weights]);
      optimizer.dispose();
      return losses;
    };
    const losses = train();
    expect(losses.at(-1)).toBeLessThan(0.7 * losses[0]!);
    expect(train()).toEqual(losses);
  });

  test('100 steps leave no tensor and no data behind', async () => {
    await useBackend('wasm');
    const x = normal([1, 5, 5, 3], 1) as tf.Tensor4D;
    const target = normal([1, 10, 10, 3], 2) as tf.Tensor4D;
    const weights = makeWeights();
    const step = () => tf.tidy(() => void tf.valueAndGrads(loss(x, target))(weights));
    step();
    const before = { ...tf.memory(), held: tf.backend().numDataIds() };
    for (let at = 0; at < 100; at++) step();
    const after = { ...tf.memory(), held: tf.backend().numDataIds() };
    expect(after).toEqual(before);
    tf.dispose([x, target, ...weights]);
  });
});
