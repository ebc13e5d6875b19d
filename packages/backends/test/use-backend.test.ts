import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { findAdapter, useBackend } from '../src/index.js';

test('auto takes a GPU where there is one, else wasm, and says why', async () => {
  const hardware = await findAdapter().then(
    ({ description }) => !description.software,
    () => false,
  );
  const { name, why } = await useBackend('auto');
  expect(name).toBe(hardware ? 'webgpu' : 'wasm');
  expect(why).toContain(hardware ? 'WebGPU has a GPU here' : 'WASM SIMD is the fastest');
  expect(tf.getBackend()).toBe(name);
});

test('calling again registers nothing anew', async () => {
  await useBackend('wasm');
  const kernel = tf.getKernel('Conv2DBackpropFilter', 'wasm');
  const gradient = tf.getGradient('DepthToSpace');
  await useBackend('cpu');
  await useBackend('wasm');
  expect(tf.getKernel('Conv2DBackpropFilter', 'wasm')).toBe(kernel);
  expect(tf.getGradient('DepthToSpace')).toBe(gradient);
});

test('a backend that was removed and made again computes on its own memory', async () => {
  await useBackend('wasm');
  const factory = tf.findBackendFactory('wasm');
  tf.removeBackend('wasm');
  tf.registerBackend('wasm', factory, 3);
  await useBackend('wasm');
  tf.tidy(() => {
    const own = tf.grad((x) => tf.depthToSpace(tf.mul(x, tf.scalar(2)) as tf.Tensor4D, 2, 'NHWC'))(
      tf.ones([1, 2, 2, 4]),
    );
    expect([...own.dataSync()]).toEqual(new Array(16).fill(2));
    const integers = tf.add(tf.tensor1d([1, 2], 'int32'), tf.tensor1d([3, 4], 'int32'));
    expect([...integers.dataSync()]).toEqual([4, 6]);
    expect([...tf.sum(tf.ones([2, 3]), 1).dataSync()]).toEqual([3, 3]);
  });
});

test('a backend that does not start is an error with a remedy', async () => {
  await useBackend('wasm');
  tf.removeBackend('wasm');
  await expect(useBackend('wasm')).rejects.toThrow('[backends] useBackend: wasm must start on this host');
});

test('another name is refused with the choices', async () => {
  const wrong: string = 'webgl';
  await expect(useBackend(wrong as 'auto')).rejects.toThrow(
    '[backends] useBackend: name must be one of cpu, wasm, webgpu, auto, got "webgl" (auto takes the fastest)',
  );
});
