/**
 * All backends give the same bytes: every family of networks, lowered as `export` does it, with weights and activations of 1 to 8 bits, on photographs and on extreme
 * images of odd sizes. Whole and by bands of rows, on one thread and on two; on WebGPU, where there is a device, by tiles.
 */
import { useBackend } from '@fqsr/backends';
import { openSource } from '@fqsr/datasets';
import { type GridName, makePlan, type QuantPlan } from '@fqsr/quant-core';
import { type Image, type LoadOptions, load, serializeModel } from '@fqsr/runtime';
import {
  buildGraph,
  type CalibrationBatch,
  calibrateGraph,
  foldBatchNorm,
  initParams,
  lower,
  modelByName,
  quantizeGraph,
} from '@fqsr/sr-models';
import { beforeAll, describe, expect, it } from 'vitest';
import { create } from 'webgpu';

const gpu = create([]);
const hasGpu = (await gpu.requestAdapter()) !== null;
if (!hasGpu) process.stderr.write('exactness on webgpu is skipped: WebGPU has no adapter here\n');

const families = {
  'EDSR x2': { model: 'edsr-f5b1', scale: 2, grid: 'midtread' },
  'EDSR x3, 16 channels: Winograd': { model: 'edsr-f16b1', scale: 3, grid: 'midtread' },
  'SRResNet x2, batch norm folded, PReLU': { model: 'srresnet-f4b1', scale: 2, grid: 'midtread' },
  'SRGAN generator x4, tanh': { model: 'srgan-f4b1-nobn', scale: 4, grid: 'midtread' },
  'EDSR x2, mid-rise': { model: 'edsr-f6b1', scale: 2, grid: 'midrise' },
  'SRResNet x3, mid-rise': { model: 'srresnet-f4b1-nobn', scale: 3, grid: 'midrise' },
} as const satisfies Record<string, { readonly model: string; readonly scale: number; readonly grid: GridName }>;

const widths = [1, 2, 3, 4, 5, 6, 7, 8] as const;

/**
 * Weights and activations of `bits`, activations at least 2, since on -1 and 0 alone a network shows one grey. One bit of a weight is a sign, -1 or 1, and lies on the mid-rise grid also where all else is mid-tread: there a symmetric
 * grid of 1 bit has no level but 0.
 */
function planOf(bits: number, grid: GridName): QuantPlan {
  const weights: GridName = bits === 1 ? 'midrise' : grid;
  return makePlan({
    name: `w${bits}s8-${grid}`,
    roles: {
      weights: { bits, signed: true, grid: weights, narrow: weights === 'midtread', granularity: 'channel' },
      activations: { bits: Math.max(2, bits), signed: 'auto', grid },
      skips: { bits: 8, signed: 'auto', grid },
      outputs: { bits: 8, signed: false, quantizer: 'fixed' },
    },
    overrides: [],
  });
}

function imageOf(width: number, height: number, level: (x: number, y: number, c: number) => number): Image {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) =>
    level(Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3),
  );
  return { width, height, channels: 3, data };
}

/** Bytes without a pattern (a multiplicative hash). */
const noise = (x: number, y: number, c: number) => Math.imul(x * 31 + y * 1009 + c * 7 + 1, 0x9e3779b1) >>> 24;

const extremes = {
  black: imageOf(9, 7, () => 0),
  white: imageOf(7, 9, () => 255),
  checkerboard: imageOf(11, 5, (x, y) => 255 * ((x + y) % 2)),
  noise: imageOf(13, 9, noise),
  'a pixel': imageOf(1, 1, noise),
  'a row': imageOf(67, 1, noise),
};

/** Crops of photographs: of odd sizes, for calibration, and small ones for a software GPU. */
const photos: { images: Image[]; small: Image[]; batch: CalibrationBatch } = {
  images: [],
  small: [],
  batch: { lr: new Float32Array(0), batchSize: 0, patchSize: 0 },
};

beforeAll(async () => {
  await useBackend('wasm');
  const source = await openSource('photos');
  const [first, second] = await Promise.all([3, 6].map((i) => source.hr(i)));
  const crop = (photo: typeof first, x0: number, y0: number, width: number, height: number): Image =>
    imageOf(width, height, (x, y, c) => photo?.data[((y0 + y) * photo.width + x0 + x) * 3 + c] ?? 0);
  photos.images.push(crop(first, 301, 207, 71, 37), crop(second, 411, 305, 33, 41));
  photos.small.push(crop(first, 340, 211, 19, 7));
  const patches = [crop(first, 100, 100, 24, 24), crop(second, 400, 300, 24, 24)];
  photos.batch = { lr: Float32Array.from(patches.flatMap(({ data }) => [...data])), batchSize: 2, patchSize: 24 };
});

/** The `.fqsr` file of a network with seeded weights, calibrated on the crops. */
function fileOf(model: string, scale: number, plan: QuantPlan): Uint8Array {
  const float = buildGraph(modelByName(model, scale));
  const folded = foldBatchNorm(float, initParams(float, 7));
  const graph = quantizeGraph(folded.graph, plan);
  return serializeModel(lower(graph, calibrateGraph(graph, folded.params, [photos.batch], 'mse')));
}

async function bytesOf(file: Uint8Array, images: readonly Image[], options: LoadOptions): Promise<Buffer[]> {
  using upscaler = await load(file, options);
  const results: Buffer[] = [];
  for (const image of images) results.push(Buffer.from((await upscaler.upscale(image)).data));
  return results;
}

/** Expects what the reference gives, of every image. */
async function expectSame(file: Uint8Array, images: readonly Image[], others: Readonly<Record<string, LoadOptions>>) {
  const wanted = await bytesOf(file, images, { backend: 'reference' });
  for (const [name, options] of Object.entries(others)) {
    const got = await bytesOf(file, images, options);
    for (const [i, bytes] of got.entries()) expect(bytes.equals(wanted[i] as Buffer), `${name}, image ${i}`).toBe(true);
  }
  return wanted;
}

const onWasm = {
  'WASM, 1 thread': { backend: 'wasm', threads: 1 },
  'WASM, 2 threads': { backend: 'wasm', threads: 2 },
  'WASM, 1 thread, bands of 4 rows': { backend: 'wasm', threads: 1, memoryBytes: 0 },
  'WASM, 2 threads, bands of 4 rows': { backend: 'wasm', threads: 2, memoryBytes: 0 },
} as const satisfies Record<string, LoadOptions>;

describe.each(Object.entries(families))('%s', (_, { model, scale, grid }) => {
  it.each(widths)('%i bits: the reference and WASM', async (bits) => {
    const images = [...photos.images, ...Object.values(extremes)];
    const results = await expectSame(fileOf(model, scale, planOf(bits, grid)), images, onWasm);
    // A network that shows something: a result of one grey would be equal everywhere.
    for (const result of results.slice(0, 2)) expect(new Set(result).size).toBeGreaterThan(4);
  });
});

/** Few, since software takes seconds to compile a model's kernels. The runtime's own tests hold its kernels on WebGPU against the same reference. */
describe.skipIf(!hasGpu)('WebGPU', () => {
  it.each([
    ['EDSR x2', 8],
    ['SRGAN generator x4, tanh', 4],
    ['SRResNet x3, mid-rise', 1],
  ] as const)('%s, %i bits: the reference, and by tiles', async (family, bits) => {
    const { model, scale, grid } = families[family];
    // 19 pixels are two tiles.
    const images = [...photos.small, extremes['a pixel']];
    await expectSame(fileOf(model, scale, planOf(bits, grid)), images, {
      WebGPU: { backend: 'webgpu', gpu, memoryBytes: 0 },
    });
  });
});

describe('weights of 1 bit', () => {
  it('lie on the mid-rise grid, or on -1 and 0; a symmetric mid-tread grid has none', async () => {
    const { roles, ...plan } = planOf(1, 'midtread');
    const weights = { bits: 1, signed: true, grid: 'midtread', granularity: 'channel' } as const;
    const half = makePlan({ ...plan, roles: { ...roles, weights: { ...weights, narrow: false } } });
    await expectSame(fileOf('edsr-f5b1', 2, half), [...photos.images, extremes.noise], onWasm);
    expect(() => makePlan({ ...plan, roles: { ...roles, weights: { ...weights, narrow: true } } })).toThrow(
      /levelRange/,
    );
  });
});
