/**
 * How fast a backend convolves, which is what training consists of.
 */
import * as tf from '@tensorflow/tfjs';

/** GFLOP/s (a multiply-add is two) of a 3x3 convolution and its gradients. */
export interface Speed {
  readonly forward: number;
  readonly inputGradient: number;
  readonly filterGradient: number;
  /** The images and features that it was measured on: `batch x height x width x channels`, as many channels out as in. */
  readonly shape: readonly [number, number, number, number];
}

/** From what any backend does at once to what a training step has. */
const shapes: readonly [number, number, number, number][] = [
  [1, 12, 12, 8],
  [2, 24, 24, 16],
  [8, 24, 24, 64],
];
/** A larger shape is tried while one convolution of it should take at most this many milliseconds. */
const PATIENCE = 600;
const REPEATS = 3;

const flops = ([n, height, width, channels]: readonly [number, number, number, number]): number =>
  2 * 9 * n * height * width * channels * channels;

/** Milliseconds of the fastest of some runs, each up to the arrival of one value. */
async function fastest(run: () => tf.Tensor): Promise<number> {
  const times: number[] = [];
  for (let repeat = 0; repeat <= REPEATS; repeat++) {
    const started = performance.now();
    const value = tf.tidy(() => tf.slice(tf.reshape(run(), [-1]), 0, 1));
    await value.data();
    times.push(performance.now() - started);
    value.dispose();
  }
  // The first compiles.
  return Math.min(...times.slice(1));
}

async function measure(shape: readonly [number, number, number, number]): Promise<Speed> {
  const channels = shape[3];
  const x = tf.randomNormal([...shape], 0, 1, 'float32', 1) as tf.Tensor4D;
  const filter = tf.randomNormal([3, 3, channels, channels], 0, 1, 'float32', 2) as tf.Tensor4D;
  const dy = tf.randomNormal([...shape], 0, 1, 'float32', 3) as tf.Tensor4D;
  const attrs = { strides: 1, pad: 'same', dataFormat: 'NHWC' };
  const forFilter = (): tf.Tensor =>
    tf.engine().runKernel(tf.Conv2DBackpropFilter, { x, dy }, { ...attrs, filterShape: [3, 3, channels, channels] });
  const rate = (milliseconds: number) => flops(shape) / milliseconds / 1e6;
  try {
    return {
      forward: rate(await fastest(() => tf.conv2d(x, filter, 1, 'same'))),
      inputGradient: rate(await fastest(() => tf.conv2dTranspose(dy, filter, [...shape], 1, 'same'))),
      filterGradient: rate(await fastest(forFilter)),
      shape: [...shape],
    };
  } finally {
    tf.dispose([x, filter, dy]);
  }
}

/**
 * Measures the current backend, on the largest shape that it does in a moment.
 *
 * @example
 * await useBackend('wasm');
 * (await measureSpeed()).forward; // 40, GFLOP/s of one thread
 */
export async function measureSpeed(): Promise<Speed> {
  let speed: Speed | null = null;
  for (const shape of shapes) {
    const slowest = speed && Math.min(speed.forward, speed.inputGradient, speed.filterGradient);
    if (speed && slowest && flops(shape) / slowest / 1e6 > PATIENCE) return speed;
    speed = await measure(shape);
  }
  return speed as Speed;
}
