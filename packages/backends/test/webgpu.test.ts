import * as tf from '@tensorflow/tfjs';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { probeBackends, useBackend } from '../src/index.js';
import { devicesHere } from '../src/testing.js';
import { watchDevice } from '../src/webgpu/faults.js';
import { guardReads } from '../src/webgpu/read.js';
import { normal } from './reference.js';

const here = (await devicesHere()).includes('webgpu');
const device = () => (tf.backend() as WebGPUBackend).device;

afterEach(() => vi.unstubAllGlobals());

describe.skipIf(!here)('reads on Node', () => {
  beforeAll(() => useBackend('webgpu'));

  test('are synchronous without a canvas, and wait for all work before', () => {
    const total = tf.tidy(() => {
      let sum: tf.Tensor = tf.zeros([65]);
      for (let step = 1; step <= 40; step++) sum = tf.add(sum, step);
      return sum;
    });
    expect([...total.dataSync()]).toEqual(new Array(65).fill(820));
    total.dispose();
  });

  test('in both ways agree, in any order, integers and booleans too', async () => {
    const x = tf.tensor1d([1, 3, 5, -1, -3, 0.4]);
    const half = tf.mul(x, 0.5);
    const pending = half.data();
    const sum = tf.add(half, half);
    expect([...sum.dataSync()]).toEqual([...(await x.data())]);
    expect([...(await pending)]).toEqual([...half.dataSync()]);
    const positive = tf.greater(half, 0);
    expect([...positive.dataSync()]).toEqual([1, 1, 1, 0, 0, 1]);
    const whole = tf.cast(x, 'int32');
    expect([...whole.dataSync()]).toEqual([1, 3, 5, -1, -3, 0]);
    tf.dispose([x, half, sum, positive, whole]);
  });

  test('leave setImmediate as it was', () => {
    const before = globalThis.setImmediate;
    tf.tidy(() => tf.add(normal([3], 1), 1).dataSync());
    expect(globalThis.setImmediate).toBe(before);
  });

  test('give the original reading of complex numbers', () => {
    const parts = tf.tidy(() => [...tf.complex([1, 2], [3, 4]).dataSync()]);
    expect(parts).toEqual([1, 3, 2, 4]);
  });
});

describe.skipIf(!here)('without a canvas that WebGPU can draw on', () => {
  test('a synchronous read is refused, an asynchronous one works', async () => {
    await useBackend('webgpu');
    const backend = new WebGPUBackend(device());
    guardReads(backend, device(), null, watchDevice(device()));
    const { dataId } = backend.makeTensorInfo([2], 'float32', Float32Array.of(3, -4));
    backend.uploadToGPU(dataId);
    expect(() => backend.readSync(dataId)).toThrow(/must have a canvas .*await tensor.data/);
    expect(await backend.read(dataId)).toEqual(Float32Array.of(3, -4));
    backend.disposeData(dataId);
  });
});

describe.skipIf(!here)('a fault of the device', () => {
  test('that no call returned is thrown by the next read', async () => {
    await useBackend('webgpu');
    const x = tf.add(normal([5], 1), 1);
    device().createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.MAP_WRITE });
    expect(() => x.dataSync()).toThrow('[backends] webgpu: the device must accept every command, got');
    await expect(x.data()).rejects.toThrow('[backends] webgpu');
    tf.removeBackend('webgpu');
  });

  test('loss is thrown by reads, names the way out, and useBackend starts anew', async () => {
    await useBackend('webgpu');
    const lost = device();
    const x = tf.add(normal([5], 1), 1);
    lost.destroy();
    await lost.lost;
    expect(() => x.dataSync()).toThrow(/device must live .* lost .*resume from the last checkpoint/);
    await expect(x.data()).rejects.toThrow('lost');
    await useBackend('webgpu');
    expect(device()).not.toBe(lost);
    const y = tf.add(tf.tensor1d([1, 2]), 1);
    expect([...y.dataSync()]).toEqual([2, 3]);
    y.dispose();
  });

  test('loss while a read waits ends the read', async () => {
    await useBackend('webgpu');
    const x = tf.add(normal([5], 1), 1);
    const pending = x.data();
    device().destroy();
    await expect(pending).rejects.toThrow();
    expect(() => x.dataSync()).toThrow('[backends] webgpu');
    await useBackend('webgpu');
  });
});

describe('a host without a device is told so', () => {
  const stub = (adapter: object | null) =>
    vi.stubGlobal('navigator', { gpu: { requestAdapter: () => Promise.resolve(adapter) } });
  const startAnew = async () => {
    if (tf.engine().registry['webgpu']) tf.removeBackend('webgpu');
    return useBackend('webgpu');
  };

  test('no adapter', async () => {
    stub(null);
    await expect(startAnew()).rejects.toThrow('[backends] useBackend: webgpu must find an adapter, got none (install');
    const statuses = await probeBackends();
    expect(statuses.map(({ name, available }) => [name, available])).toEqual([
      ['cpu', true],
      ['wasm', true],
      ['webgpu', false],
    ]);
    expect((await useBackend('auto')).why).toContain('webgpu must find an adapter');
  });

  test('no device', async () => {
    const info = { description: 'Card 9' };
    const requestDevice = () => Promise.reject(new Error('busy'));
    stub({ info, limits: {}, features: new Set(), requestDevice });
    await expect(startAnew()).rejects.toThrow('webgpu must get a device from the adapter Card 9, got Error: busy');
  });
});
