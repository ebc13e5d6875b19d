import { afterAll, describe, expect, it } from 'vitest';
import { gpu, hasGpu } from '../test/gpu.js';
import { edsr, imageGrid, levels, midrise, modelBuilder, randomImage } from '../test/models.js';
import { type NaiveTensor, runNaive } from '../test/naive.js';
import { streamed } from '../test/stream.js';
import { type Engine, openReference } from './engine.js';
import { parseModel, serializeModel } from './format.js';
import type { Image } from './image.js';
import { openWasm } from './kernels/wasm/engine.js';
import { openDevice } from './kernels/webgpu/device.js';
import { openOn } from './kernels/webgpu/engine.js';
import type { IntegerModel } from './model.js';
import { checkModel } from './validate.js';

/** One device for all models, so that layers of one shape are compiled once. */
const host = hasGpu ? await openDevice(gpu, 'test') : null;
afterAll(() => host?.dispose());

/** WebGPU; without `tap` it goes tile by tile where the image is larger than a tile. */
async function openGpu(model: IntegerModel): Promise<Record<string, Engine>> {
  return host ? { webgpu: await openOn(host, checkModel(model, 'test'), 'test', { memoryBytes: 0 }) } : {};
}

/** Every stored tensor and the result equal the naive run's, on every backend, whole, by bands of rows, and streamed as strips or tiles. */
async function expectExact(model: IntegerModel, image: Image): Promise<void> {
  const naive = runNaive(model, image);
  const wanted = naive.get('result')?.values;
  const stored = model.nodes.flatMap(({ op, name }) => (['conv2d', 'add', 'output'].includes(op) ? [] : [name]));
  const checked = checkModel(model, 'test');
  const engines = {
    reference: openReference(checked, { memoryBytes: 0 }),
    wasm: await openWasm(checked, { memoryBytes: 2 ** 26, threads: 1 }),
    'wasm, two threads': await openWasm(checked, { memoryBytes: 2 ** 26, threads: 2 }),
    'wasm, few rows': await openWasm(checked, { memoryBytes: 0, threads: 1 }),
    ...(await openGpu(model)),
  };
  for (const [backend, engine] of Object.entries(engines)) {
    const seen: string[] = [];
    const result = await finish(
      engine.run(image, (name, levels, height, width, channels) => {
        const { values, ...size } = naive.get(name) as NaiveTensor;
        expect({ name, height, width, channels }).toEqual({
          name,
          height: size.height,
          width: size.width,
          channels: size.channels,
        });
        expect([...levels], `${backend} ${name}`).toEqual(values);
        seen.push(name);
      }),
    );
    expect(seen.toSorted()).toEqual(stored.toSorted());
    expect([...result.data], backend).toEqual(wanted);
    expect(result).toMatchObject({ width: image.width * model.scale, height: image.height * model.scale, channels: 3 });
    expect([...(await finish(engine.run(image))).data], `${backend}, by bands`).toEqual(wanted);
    expect([...(await streamed(engine, image))], `${backend}, streamed`).toEqual(wanted);
    engine.dispose();
  }
}

async function finish(run: ReturnType<Engine['run']>): Promise<Image> {
  for (;;) {
    const { done, value } = await run.next();
    if (done) return value;
  }
}

const solid = (width: number, height: number, value: number): Image => ({
  width,
  height,
  channels: 3,
  data: new Uint8Array(width * height * 3).fill(value),
});

describe('an EDSR-like model equals the naive run', () => {
  it.each([
    [1, 1],
    [1, 7],
    [5, 1],
    [7, 5],
    [33, 4],
    [35, 35],
    [66, 3],
  ])('on %i x %i', async (width, height) => {
    await expectExact(edsr({}), randomImage(7, width, height));
  });

  it.each([
    { weightBits: 8, bits: 8, skipBits: 8 },
    { weightBits: 8, bits: 8, skipBits: 8, features: 16 },
    { weightBits: 4, bits: 4, skipBits: 8, features: 72, blocks: 1 },
    { weightBits: 5, bits: 3, skipBits: 7, features: 20, blocks: 1, scale: 3 },
    { weightBits: 2, bits: 2, skipBits: 4 },
    { weightBits: 1, bits: 1, skipBits: 8 },
    { weightBits: 3, bits: 5, skipBits: 6 },
    { weightBits: 8, bits: 8, skipBits: 8, scale: 3, features: 5 },
    { weightBits: 4, bits: 4, skipBits: 8, scale: 4, features: 7, blocks: 1 },
  ])('with %o', async (options) => {
    await expectExact(edsr({ seed: 5, ...options }), randomImage(8, 11, 9));
  });
});

describe('conv2d', () => {
  it.each([[[1, 1]], [[1, 3]], [[5, 1]], [[5, 5]], [[9, 9]], [[15, 15]]] as const)(
    'kernel %o, per-channel input zero points, zeros exact at the border',
    async (kernel) => {
      const b = modelBuilder(3);
      b.conv2d('conv', b.input([0, 128, 255]), [3, 3], { kernel });
      b.output(b.requantize('out', 'conv', { factor: 1 / 200, channels: 3, grid: imageGrid }));
      for (const [width, height] of [
        [1, 1],
        [4, 9],
        [37, 3],
      ] as const)
        await expectExact(b.build(1), randomImage(4, width, height));
    },
  );

  it.each([[[1, 3]], [[3, 3]], [[5, 1]], [[9, 9]]] as const)(
    'kernel %o, the nearest pixels outside',
    async (kernel) => {
      const b = modelBuilder(6);
      b.conv2d('head', b.input([0, 128, 255]), [3, 16], { kernel, edge: true });
      b.requantize('mid', 'head', { factor: 1 / 400, channels: 16, grid: levels(4, true, 1) });
      // Wide enough for Winograd where the kernel is 3x3.
      b.conv2d('body', 'mid', [16, 17], { kernel, bits: 4, edge: true });
      b.requantize('odd', 'body', { factor: 1 / 90, channels: 17, grid: midrise(3, true) });
      b.conv2d('tail', 'odd', [17, 3], { kernel, bits: 4, edge: true });
      b.output(b.requantize('out', 'tail', { factor: 1 / 200, channels: 3, grid: imageGrid }));
      for (const [width, height] of [
        [1, 1],
        [4, 9],
        [70, 6],
      ] as const)
        await expectExact(b.build(1), randomImage(4, width, height));
    },
  );

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('weights of %i bits, all extreme, on extreme and random images', async (bits) => {
    const b = modelBuilder(bits);
    b.conv2d('wide', b.input([0, 255, 128]), [3, 13], { bits, extreme: true });
    b.requantize('mid', 'wide', { factor: 2 ** -bits / 9, channels: 13, grid: levels(8, false, 77) });
    b.conv2d('narrow', 'mid', [13, 3], { bits, extreme: true });
    b.output(b.requantize('out', 'narrow', { factor: 2 ** -bits / 9, grid: imageGrid }));
    const model = b.build(1);
    for (const image of [solid(5, 5, 0), solid(5, 5, 255), randomImage(1, 9, 6)]) await expectExact(model, image);
  });

  it('the largest accumulators int32 allows, both signs', async () => {
    const b = modelBuilder(9);
    b.conv2d('conv', b.input([0, 0, 0]), [3, 3], { kernel: [3, 3] });
    const weights = b.tensors['conv.weight'] as Int8Array;
    weights.fill(127);
    weights.fill(-128, 27, 54);
    b.tensors['conv.bias'] = Int32Array.of(2 ** 31 - 1 - 27 * 127 * 255, -(2 ** 31) + 1 + 27 * 128 * 255, 0);
    b.output(b.requantize('out', 'conv', { factor: 2 ** -24, channels: 3, grid: imageGrid }));
    for (const value of [0, 1, 255]) await expectExact(b.build(1), solid(3, 3, value));
  });

  it('64 channels of 8 bits, all at their limits', async () => {
    const b = modelBuilder(10);
    b.conv2d('conv', b.input([0, 0, 0]), [3, 64], { extreme: true });
    b.requantize('mid', 'conv', { factor: 1, channels: 64, grid: levels(8, false) });
    b.conv2d('tail', 'mid', [64, 3], { extreme: true });
    (b.tensors['tail.weight'] as Int8Array).fill(-128, 0, 576).fill(127, 576, 1152);
    b.output(b.requantize('out', 'tail', { factor: 2 ** -16, channels: 3, grid: imageGrid }));
    await expectExact(b.build(1), solid(4, 4, 255));
  });
});

describe('graph', () => {
  it('accumulators with several consumers, requantize nodes far from their convolution', async () => {
    const b = modelBuilder(12);
    b.conv2d('a', b.input(), [3, 4]);
    b.conv2d('b', 'image', [3, 4]);
    b.requantize('b.1', 'b', { factor: 1 / 300, grid: levels(6, true, -3) });
    b.requantize('a.1', 'a', { factor: 1 / 300, channels: 4, grid: levels(6, true, -3) });
    b.requantize('a.2', 'a', { factor: 1 / 100, grid: levels(3, false, 5) });
    b.add('sum', 'a.1', 'b.1');
    b.add('twice', 'a.1', 'a.1');
    b.requantize('s', 'sum', { factor: 0.9, grid: levels(3, false, 5) });
    b.requantize('t', 'twice', { factor: 0.9, grid: levels(3, false, 5) });
    b.add('st', 's', 't');
    b.requantize('u', 'st', { factor: 0.9, grid: levels(3, false, 5) });
    b.add('ua', 'u', 'a.2');
    b.requantize('v', 'ua', { factor: 1, grid: levels(4, false) });
    b.conv2d('tail', 'v', [4, 3]);
    b.output(b.requantize('out', 'tail', { factor: 0.1, grid: imageGrid }));
    await expectExact(b.build(1), randomImage(2, 10, 34));
  });

  it.each([1, 2, 4, 8])(
    'mid-rise grids of %i bits: borders of level 1, adds, shuffles, a PReLU and files',
    async (bits) => {
      const b = modelBuilder(20 + bits);
      b.conv2d('head', b.input(), [3, 5], { bits, odd: true, kernel: [5, 3] });
      const factor = 2 ** -bits / 200;
      const negative = { multiplier: 'skip.a.negative', shift: 'skip.a.negativeShift' };
      b.requantize('skip.a', 'head', { factor, channels: 5, grid: midrise(bits, true) });
      b.requantize('skip.b', 'head', { factor: factor / 2, grid: midrise(bits, true) });
      b.add('sum', 'skip.a', 'skip.b');
      b.requantize('act', 'sum', { factor: 0.7, grid: midrise(bits, false) });
      b.requantize('act.signed', 'sum', { factor: 0.7, channels: 5, grid: midrise(bits, true) });
      b.conv2d('up', 'act', [5, 20], { bits, odd: true });
      b.requantize('wide', 'up', { factor, grid: midrise(bits, true) });
      b.pixelShuffle('shuffle', 'wide', 2, 'dcr');
      b.conv2d('tail', 'shuffle', [5, 3], { bits: 8 });
      b.conv2d('side', 'act.signed', [5, 12], { bits: 3 });
      b.requantize('side.q', 'side', { factor: 0.1, grid: imageGrid });
      b.pixelShuffle('side.up', 'side.q', 2);
      b.requantize('tail.q', 'tail', { factor: 0.1, grid: imageGrid });
      b.add('both', 'tail.q', 'side.up');
      b.output(b.requantize('out', 'both', { factor: 0.5, grid: imageGrid }));
      const built = b.build(2);
      const model: IntegerModel = {
        ...built,
        nodes: built.nodes.map((node) => (node.name === 'skip.a' ? { ...node, negative } : node)),
        tensors: {
          ...built.tensors,
          [negative.multiplier]: Int32Array.of(0, 2 ** 30 + 5, -(2 ** 30), 2 ** 31 - 1, 1 - 2 ** 31),
          [negative.shift]: Uint8Array.of(20, 42, 41, 43, 40),
        },
      };
      for (const [width, height] of [
        [1, 1],
        [9, 4],
        [35, 6],
      ] as const)
        await expectExact(model, randomImage(4, width, height));
      expect(parseModel(serializeModel(model))).toEqual(model);
    },
  );

  it.each(['dcr', 'crd'] as const)('pixel shuffles in order %s, twice', async (order) => {
    const b = modelBuilder(13);
    b.conv2d('up', b.input(), [3, 48], { kernel: [1, 1] });
    b.requantize('q', 'up', { factor: 1 / 100, channels: 48, grid: imageGrid });
    b.output(b.pixelShuffle('shuffle2', b.pixelShuffle('shuffle1', 'q', 2, order), 2, order));
    await expectExact(b.build(4), randomImage(3, 5, 7));
  });

  it('image and add straight from the input', async () => {
    const b = modelBuilder(14);
    b.add('twice', b.input([1, 2, 250]), 'image');
    b.output(b.requantize('half', 'twice', { factor: 0.5, grid: imageGrid }));
    await expectExact(b.build(1), randomImage(3, 70, 3));
  });
});
