/**
 * Conformance of what SRResNet, EDSR, SRGAN's discriminator and VGG's feature loss need beyond convolutions, forward and gradients, at odd sizes, against float64
 * loops. Bounds are in units of the sum of the absolute terms of each result, or of the value where there is one term.
 */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../src/index.js';
import { normal, type Reference, relativeError } from './reference.js';

type Tensors = readonly tf.Tensor[];
type Numbers = Float32Array;
const read = (tensor: tf.Tensor): Numbers => tensor.dataSync<'float32'>().slice();

/** Result and gradients of `op` for a seeded output gradient. */
function differentiate(op: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: Tensors) {
  return tf.tidy(() => {
    const y = op(...inputs);
    const dy = normal(y.shape, 99);
    const grads = tf.grads(op)([...inputs], dy);
    return {
      inputs: inputs.map(read),
      y: read(y),
      dy: read(dy),
      grads: grads.map(read),
      shapes: grads.map((g) => g.shape),
    };
  });
}

/** Sums up terms of float64 and their magnitudes. */
function accumulator(size: number): Reference & { readonly add: (at: number, term: number) => void } {
  const [values, scales] = [new Float64Array(size), new Float64Array(size)];
  const add = (at: number, term: number) => {
    values[at] = values[at]! + term;
    scales[at] = scales[at]! + Math.abs(term);
  };
  return { values, scales, add };
}

beforeAll(async () => {
  await useBackend('wasm');
});

describe('matMul, every transposition, within 1e-6', () => {
  const sizes: [number, number, number][] = [
    [1, 1, 1],
    [3, 5, 7],
    [16, 130, 33],
    [65, 17, 66],
    [16, 300, 1],
    [2, 1, 9],
  ];
  const flags = [
    [false, false],
    [true, false],
    [false, true],
  ] as const;
  test.each(sizes.flatMap((size) => flags.map((flag) => [...size, ...flag] as const)))(
    '%i x %i x %i, transposed %s %s',
    (rows, terms, columns, transposeA, transposeB) => {
      const aShape = transposeA ? [terms, rows] : [rows, terms];
      const bShape = transposeB ? [columns, terms] : [terms, columns];
      const op = (a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b, transposeA, transposeB);
      const { inputs, y, dy, grads } = differentiate(op, [normal(aShape, 1), normal(bShape, 2)]);
      const [a, b] = inputs as [Numbers, Numbers];
      const [product, da, db] = [accumulator(y.length), accumulator(a.length), accumulator(b.length)];
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          for (let k = 0; k < terms; k++) {
            const inA = transposeA ? k * rows + i : i * terms + k;
            const inB = transposeB ? j * terms + k : k * columns + j;
            product.add(i * columns + j, a[inA]! * b[inB]!);
            da.add(inA, dy[i * columns + j]! * b[inB]!);
            db.add(inB, dy[i * columns + j]! * a[inA]!);
          }
        }
      }
      expect(relativeError(y, product)).toBeLessThan(1e-6);
      expect(relativeError(grads[0]!, da)).toBeLessThan(1e-6);
      expect(relativeError(grads[1]!, db)).toBeLessThan(1e-6);
    },
  );
  test('batches, and what is left to TF.js', async () => {
    const values: number[][] = [];
    for (const name of ['cpu', 'wasm'] as const) {
      await useBackend(name);
      tf.tidy(() => {
        const a = normal([2, 3, 4, 5], 1);
        const results = [
          tf.matMul(a, normal([2, 3, 5, 6], 2)),
          tf.matMul(a, normal([1, 1, 5, 6], 2)),
          tf.matMul(a, normal([2, 3, 6, 4], 2), true, true),
          tf.matMul(tf.zeros([0, 3]), normal([3, 2], 2)),
        ];
        values.push(results.flatMap((result) => [...result.shape, ...result.dataSync()]));
      });
    }
    values[1]!.forEach((value, at) => {
      expect(Math.abs(value - values[0]![at]!)).toBeLessThan(1e-5);
    });
  });
});

describe('rectifiers are exact, and their slope gradients within 131 roundings', () => {
  const shapes: number[][] = [[7], [2, 5, 3, 3], [2, 3, 5, 40], [1, 300]];
  test.each(shapes.map((shape) => [shape]))('relu, leakyRelu and prelu of %j', (shape) => {
    const channels = shape.at(-1)!;
    const alphas: number[][] = [[1], [channels], ...(shape.length === 4 ? [[1, 1, channels]] : [])];
    for (const alphaShape of alphas) {
      const { inputs, y, dy, grads, shapes } = differentiate(
        (x, a) => tf.prelu(x as tf.Tensor1D, a as tf.Tensor1D),
        [normal(shape, 1), normal(alphaShape, 2)],
      );
      const [x, alpha] = inputs as [Numbers, Numbers];
      const da = accumulator(alpha.length);
      x.forEach((value, at) => {
        const k = alpha.length === 1 ? 0 : at % channels;
        expect(y[at]).toBe(value > 0 ? value : Math.fround(value * alpha[k]!));
        expect(grads[0]![at]).toBe(value > 0 ? dy[at] : Math.fround(dy[at]! * alpha[k]!));
        if (value <= 0) da.add(k, dy[at]! * value);
      });
      expect(shapes[1]).toEqual(alphaShape);
      expect(relativeError(grads[1]!, da)).toBeLessThan(131 * 2 ** -24);
    }
    const leaky = differentiate((x) => tf.leakyRelu(x, 0.2), [normal(shape, 1)]);
    const relu = differentiate((x) => tf.relu(x), [normal(shape, 1)]);
    leaky.inputs[0]!.forEach((value, at) => {
      expect(leaky.grads[0]![at]).toBe(value > 0 ? leaky.dy[at] : Math.fround(leaky.dy[at]! * Math.fround(0.2)));
      expect(relu.grads[0]![at]! + 0).toBe(value > 0 ? relu.dy[at] : 0);
    });
  });
  test('slopes for each position are left to TF.js', () => {
    const { grads, inputs, dy } = differentiate(
      (x, a) => tf.prelu(x as tf.Tensor1D, a as tf.Tensor1D),
      [normal([2, 3, 4], 1), normal([3, 4], 2)],
    );
    const da = accumulator(12);
    inputs[0]!.forEach((value, at) => {
      if (value <= 0) da.add(at % 12, value * dy[at]!);
    });
    expect(relativeError(grads[1]!, da)).toBeLessThan(1e-6);
  });
  test('gradients of gradients are TF.js own', () => {
    tf.tidy(() => {
      const slope = (x: tf.Tensor) => tf.grad((t) => tf.sum(tf.square(tf.relu(t))))(x);
      const second = tf.grad((x) => tf.sum(slope(x)))(tf.tensor1d([-1, 2, 3]));
      expect([...second.dataSync()].map((value) => value + 0)).toEqual([0, 2, 2]);
    });
  });
});

describe('batch normalization', () => {
  const epsilon = 1e-3;
  // TF.js differentiates batch normalization only where there is a scale.
  const cases: [number[]][] = [[[3, 5, 7, 5]], [[40, 16]], [[2, 9, 9, 64]], [[200, 1]]];
  test.each(cases)('with given statistics, %j: within 1e-5', (shape) => {
    const channels = shape.at(-1)!;
    const vectors = [normal([channels], 2), tf.add(tf.abs(normal([channels], 3)), 0.1)];
    const affine = [normal([channels], 4), normal([channels], 5)];
    const op = (x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) =>
      tf.batchNorm(
        x,
        mean as tf.Tensor1D,
        variance as tf.Tensor1D,
        offset as tf.Tensor1D,
        scale as tf.Tensor1D,
        epsilon,
      );
    const run = differentiate(op as (...inputs: tf.Tensor[]) => tf.Tensor, [normal(shape, 1), ...vectors, ...affine]);
    const [x, mean, variance, scale, offset] = run.inputs as [Numbers, Numbers, Numbers, Numbers, Numbers];
    const y = accumulator(x.length);
    const wanted = run.inputs.map(({ length }) => accumulator(length));
    x.forEach((value, at) => {
      const c = at % channels;
      const [dy, s] = [run.dy[at]!, scale[c]!];
      const inverse = 1 / Math.sqrt(variance[c]! + epsilon);
      for (const part of [value, -mean[c]!]) {
        y.add(at, part * s * inverse);
        wanted[2]!.add(c, dy * part * s * -0.5 * inverse ** 3);
        wanted[3]!.add(c, dy * part * inverse);
      }
      y.add(at, offset[c]!);
      wanted[0]!.add(at, dy * s * inverse);
      wanted[1]!.add(c, -dy * s * inverse);
      wanted[4]!.add(c, dy);
    });
    expect(relativeError(run.y, y)).toBeLessThan(1e-6);
    run.grads.forEach((gradient, k) => {
      expect(relativeError(gradient, wanted[k]!)).toBeLessThan(1e-5);
    });
  });

  test('in training, through mean and variance: the gradient is within 2e-5 of the closed form', () => {
    const [rows, channels] = [63, 5];
    const op = (x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) => {
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      return tf.batchNorm(
        x as tf.Tensor4D,
        mean as tf.Tensor1D,
        variance as tf.Tensor1D,
        offset as tf.Tensor1D,
        scale as tf.Tensor1D,
        epsilon,
      );
    };
    const { inputs, dy, grads } = differentiate(op, [
      tf.add(normal([1, 9, 7, channels], 1), 0.5),
      normal([channels], 2),
      normal([channels], 3),
    ]);
    const [x, scale] = inputs as [Numbers, Numbers];
    for (let c = 0; c < channels; c++) {
      const column = (values: Numbers) => Array.from({ length: rows }, (_, row) => values[row * channels + c]!);
      const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / rows;
      const [xs, dys] = [column(x), column(dy)];
      const centre = mean(xs);
      const inverse = 1 / Math.sqrt(mean(xs.map((value) => (value - centre) ** 2)) + epsilon);
      const normalized = xs.map((value) => (value - centre) * inverse);
      const [meanDy, meanProduct] = [mean(dys), mean(dys.map((value, row) => value * normalized[row]!))];
      column(grads[0]!).forEach((value, row) => {
        const wanted = scale[c]! * inverse * (dys[row]! - meanDy - normalized[row]! * meanProduct);
        expect(Math.abs(value - wanted)).toBeLessThan(2e-5);
      });
      expect(Math.abs(grads[1]![c]! - rows * meanProduct)).toBeLessThan(2e-5 * rows);
      expect(Math.abs(grads[2]![c]! - rows * meanDy)).toBeLessThan(2e-5 * rows);
    }
  });
});

describe('max pooling', () => {
  type Pool = [number[], 'valid' | 'same', number, number];
  const gradients = async (values: (shape: number[]) => tf.Tensor, [shape, pad, size, stride]: Pool) => {
    const found: number[][] = [];
    for (const name of ['cpu', 'wasm'] as const) {
      await useBackend(name);
      tf.tidy(() => {
        const pool = (t: tf.Tensor) => tf.maxPool(t as tf.Tensor4D, size, stride, pad);
        const x = values(shape);
        found.push([
          ...tf
            .grad(pool)(x, normal(pool(x).shape, 2))
            .dataSync(),
        ]);
      });
    }
    return found;
  };
  const sideBySide: Pool[] = [
    [[2, 6, 8, 4], 'valid', 2, 2],
    [[2, 7, 9, 8], 'valid', 2, 2],
    [[1, 6, 4, 64], 'same', 2, 2],
  ];
  test.each(sideBySide)('gradient of %j, %s, by %i every %i, equals the cpu backend on ties too', async (...pool) => {
    const [cpu, wasm] = await gradients((shape) => tf.round(normal(shape, 1)), pool);
    expect(wasm).toEqual(cpu);
  });
  const others: Pool[] = [
    [[1, 7, 5, 4], 'same', 2, 2],
    [[1, 6, 6, 3], 'valid', 2, 2],
    [[1, 9, 9, 4], 'valid', 3, 2],
  ];
  test.each(others)('gradient of %j, %s, by %i every %i, equals the cpu backend within 1e-6', async (...pool) => {
    const [cpu, wasm] = await gradients((shape) => tf.round(tf.mul(normal(shape, 1), 2)), pool);
    cpu!.forEach((value, at) => {
      expect(Math.abs(wasm![at]! - value)).toBeLessThan(1e-6);
    });
  });
});

describe('reductions, tanh and cross-entropy', () => {
  test.each([
    [
      [3, 5, 7],
      [0, 1],
    ],
    [[3, 5, 7], [1]],
    [[3, 5, 7], undefined],
    [[4, 9], [1]],
    [[6], [0]],
    [[2, 3], []],
  ] as [number[], number[] | undefined][])('gradients of sum and mean of %j over %j', (shape, axes) => {
    for (const [op, isMean] of [
      [tf.sum, false],
      [tf.mean, true],
    ] as const) {
      for (const keepDims of [false, true]) {
        const { dy, grads, inputs } = differentiate((x) => op(x, axes, keepDims), [normal(shape, 1)]);
        const reduced = new Set(axes ?? shape.map((_, axis) => axis));
        const count = shape.reduce((product, size, axis) => (reduced.has(axis) ? product * size : product), 1);
        inputs[0]!.forEach((_, at) => {
          let [rest, index, stride] = [at, 0, 1];
          for (let axis = shape.length - 1; axis >= 0; axis--) {
            if (!reduced.has(axis)) {
              index += (rest % shape[axis]!) * stride;
              stride *= shape[axis]!;
            }
            rest = Math.floor(rest / shape[axis]!);
          }
          const wanted = dy[index]! / (isMean ? count : 1);
          expect(Math.abs(grads[0]![at]! - wanted)).toBeLessThanOrEqual(1e-7 * Math.abs(wanted));
        });
      }
    }
  });
  test('tanh and its gradient within 1e-6', () => {
    const { inputs, y, dy, grads } = differentiate((x) => tf.tanh(tf.mul(x, 3)), [normal([5, 7, 3], 1)]);
    inputs[0]!.forEach((value, at) => {
      const wanted = Math.tanh(Math.fround(3 * value));
      expect(Math.abs(y[at]! - wanted)).toBeLessThan(1e-6);
      expect(Math.abs(grads[0]![at]! - 3 * dy[at]! * (1 - wanted ** 2))).toBeLessThan(1e-5);
    });
  });
  test('sigmoid cross-entropy and its gradient within 1e-6', () => {
    const labels = [0, 1, 1, 0, 1, 0, 0];
    const { inputs, y, dy, grads } = differentiate(
      (x) => tf.losses.sigmoidCrossEntropy(tf.tensor1d(labels), x),
      [tf.mul(normal([7], 1), 4)],
    );
    const logits = [...inputs[0]!];
    const terms = logits.map((z, i) => Math.max(z, 0) - z * labels[i]! + Math.log1p(Math.exp(-Math.abs(z))));
    expect(Math.abs(y[0]! - terms.reduce((a, b) => a + b, 0) / 7)).toBeLessThan(1e-6);
    logits.forEach((z, i) => {
      const wanted = ((1 / (1 + Math.exp(-z)) - labels[i]!) * dy[0]!) / 7;
      expect(Math.abs(grads[0]![i]! - wanted)).toBeLessThan(1e-6);
    });
  });
});

test('nothing is left behind', () => {
  const inputs = [normal([2, 5, 5, 8], 1), tf.abs(normal([8], 2)), normal([8, 3], 3)];
  const step = () =>
    differentiate((x, alpha, w) => {
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      const normed = tf.batchNorm(x, mean, variance, alpha, alpha);
      const y = tf.prelu(normed, alpha);
      const pooled = tf.maxPool(tf.relu(tf.leakyRelu(y, 0.1)) as tf.Tensor4D, 2, 2, 'valid');
      return tf.matMul(tf.reshape(pooled, [-1, 8]), w as tf.Tensor2D);
    }, inputs);
  const first = step();
  const before = { ...tf.memory(), held: tf.backend().numDataIds() };
  expect(step()).toEqual(first);
  expect({ ...tf.memory(), held: tf.backend().numDataIds() }).toEqual(before);
  tf.dispose(inputs);
});
