import { afterAll, describe, expect, it, vi } from 'vitest';
import { gpu, hasGpu } from '../../../test/gpu.js';
import { edsr, imageGrid, levels, modelBuilder, randomImage } from '../../../test/models.js';
import { runNaive } from '../../../test/naive.js';
import type { Engine } from '../../engine.js';
import type { Image } from '../../image.js';
import { load, RuntimeError, runModel, serializeModel } from '../../index.js';
import type { IntegerModel } from '../../model.js';
import { checkModel } from '../../validate.js';
import { openDevice } from './device.js';
import { openOn } from './engine.js';
import type { Dialect } from './wgsl.js';

const host = hasGpu ? await openDevice(gpu, 'test') : null;
afterAll(() => host?.dispose());

async function finish(run: ReturnType<Engine['run']>): Promise<Image> {
  for (;;) {
    const { done, value } = await run.next();
    if (done) return value;
  }
}

/** The result equals the naive run's. */
async function expectExact(model: IntegerModel, image: Image, dialect: Dialect, memoryBytes = 2 ** 28): Promise<void> {
  if (host === null) return;
  const engine = await openOn(host, checkModel(model, 'test'), 'test', { memoryBytes, dialect });
  expect([...(await finish(engine.run(image))).data]).toEqual(runNaive(model, image).get('result')?.values);
  engine.dispose();
}

const model = edsr({ features: 6, blocks: 1 });
const bytes = serializeModel(model);
const small = randomImage(1, 9, 7);

describe.skipIf(host === null)('the WebGPU engine', () => {
  it('without packed dot products gives the same', async () => {
    await expectExact(model, randomImage(3, 19, 6), 'unpacked');
  });

  it('looks levels up in tables, with their ends and clamp', async () => {
    const b = modelBuilder(31);
    b.conv2d('conv', b.input(), [3, 5]);
    b.requantize('tanh', 'conv', { factor: 1 / 90, channels: 5, grid: levels(8, false) });
    b.conv2d('tail', 'tanh', [5, 3]);
    b.output(b.requantize('out', 'tail', { factor: 1 / 100, grid: imageGrid }));
    const built = b.build(1);
    const tabled: IntegerModel = {
      ...built,
      nodes: built.nodes.map((node) =>
        node.op === 'requantize' && node.name === 'tanh'
          ? { ...node, table: { levels: 'tanh.levels', low: -37 }, qmin: 3, qmax: 250 }
          : node,
      ),
      tensors: {
        ...built.tensors,
        'tanh.levels': Uint8Array.from({ length: 75 }, (_, i) => Math.round(127.5 + 127.5 * Math.tanh((i - 37) / 12))),
      },
    };
    await expectExact(tabled, randomImage(5, 18, 5), 'packed');
  });

  it('gives in tiles what it gives as a whole, where far pixels count', async () => {
    const b = modelBuilder(33);
    b.conv2d('wide', b.input(), [3, 4], { kernel: [3, 5], extreme: true, edge: true });
    b.requantize('q', 'wide', { factor: 1 / 2000, channels: 4, grid: levels(8, true) });
    b.conv2d('up', 'q', [4, 12], { kernel: [5, 3], extreme: true });
    b.requantize('up.q', 'up', { factor: 1 / 2000, grid: imageGrid });
    b.output(b.pixelShuffle('shuffle', 'up.q', 2));
    // Tiles of 22 x 22 pixels, of which 16 x 16 are kept.
    await expectExact(b.build(2), randomImage(7, 50, 37), 'packed', 0);
  });

  it('feeds more consumers than a kernel may write', async () => {
    const b = modelBuilder(32);
    b.conv2d('conv', b.input(), [3, 4]);
    const names = [1, 2, 3, 4, 5, 6, 7].map((i) =>
      b.requantize(`q${i}`, 'conv', { factor: 1 / (100 * i), grid: levels(8, true) }),
    );
    const sum = names.reduce((all, name) => {
      b.add(`${all}+${name}`, all, name);
      return b.requantize(`(${all}+${name})`, `${all}+${name}`, { factor: 0.6, grid: levels(8, true) });
    });
    b.conv2d('tail', sum, [4, 3]);
    b.output(b.requantize('out', 'tail', { factor: 1 / 100, grid: imageGrid }));
    await expectExact(b.build(1), randomImage(6, 7, 5), 'packed');
  });
});

describe.skipIf(host === null)("load with backend 'webgpu'", () => {
  it('upscales images of several sizes, asked for at a time, with progress', async () => {
    using upscaler = await load(bytes, { backend: 'webgpu', gpu, memoryBytes: 0 });
    expect(upscaler.backend).toBe('webgpu');
    const images = [small, randomImage(2, 50, 33), randomImage(3, 3, 40)];
    const calls: [number, number][] = [];
    const onProgress = (done: number, total: number) => void calls.push([done, total]);
    const results = await Promise.all(images.map((image) => upscaler.upscale(image, { onProgress })));
    expect(results).toEqual(images.map((image) => runModel(model, image)));
    expect(calls.filter(([done, total]) => done === total)).toHaveLength(3);
  });

  it('is disposed of in the middle of an image', async () => {
    const upscaler = await load(bytes, { backend: 'webgpu', gpu });
    const running = upscaler.upscale(small);
    const ended = expect(running).rejects.toThrow('upscaler must be in use, got a disposed one');
    await Promise.resolve();
    upscaler.dispose();
    await ended;
    await expect(upscaler.upscale(small)).rejects.toThrow(RuntimeError);
  });

  it('says that the device was lost', async () => {
    const devices: GPUDevice[] = [];
    const watched = {
      requestAdapter: async (options: GPURequestAdapterOptions) => {
        const adapter = (await gpu.requestAdapter(options)) as GPUAdapter;
        const requestDevice = async (descriptor: GPUDeviceDescriptor) => {
          const device = await adapter.requestDevice(descriptor);
          devices.push(device);
          return device;
        };
        return { limits: adapter.limits, requestDevice };
      },
    };
    using upscaler = await load(bytes, { backend: 'webgpu', gpu: watched });
    await upscaler.upscale(small);
    const [device] = devices as [GPUDevice];
    device.destroy();
    await device.lost;
    await expect(upscaler.upscale(small)).rejects.toThrow(
      /^\[runtime\] upscale: the GPU device must live as long as the upscaler, got lost: .* \(load the model again, or use the backend 'wasm'\)$/,
    );
  });
});

describe('a host without a device is told so', () => {
  it.each([
    ['the host must have WebGPU, got no navigator.gpu (in a browser serve', undefined],
    ['WebGPU must find an adapter, got none (install', { requestAdapter: () => Promise.resolve(null) }],
    [
      'WebGPU must get a device, got busy',
      {
        requestAdapter: () => Promise.resolve({ limits: {}, requestDevice: () => Promise.reject(new Error('busy')) }),
      },
    ],
  ])('%s', async (message, gpu) => {
    vi.stubGlobal('navigator', { gpu });
    await expect(load(bytes, { backend: 'webgpu' })).rejects.toThrow(`[runtime] load: ${message}`);
    vi.unstubAllGlobals();
  });
});
