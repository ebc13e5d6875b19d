import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { edsr, imageGrid, levels, midrise, modelBuilder, randomImage } from '../../../test/models.js';
import { type Engine, openReference } from '../../engine.js';
import type { Image } from '../../image.js';
import { layoutModel } from '../../layout.js';
import type { IntegerModel, LevelGrid } from '../../model.js';
import type { Tap } from '../../run.js';
import { checkModel } from '../../validate.js';
import { type Algorithm, chooseAlgorithm } from './algorithm.js';
import { openWasm } from './engine.js';
import { openMachine } from './machine.js';
import { compile } from './program.js';

async function finish(run: ReturnType<Engine['run']>): Promise<Uint8Array> {
  for (;;) {
    const { done, value } = await run.next();
    if (done) return value.data;
  }
}

const copy = ({ buffer, byteOffset, byteLength }: Parameters<Tap>[1]) =>
  Buffer.from(new Uint8Array(buffer, byteOffset, byteLength));

/** Every stored tensor of the WASM backend equals the reference's, whole, by threads and by few rows. */
async function expectExact(model: IntegerModel, images: readonly Image[]): Promise<void> {
  const checked = checkModel(model, 'test');
  const reference = openReference(checked, { memoryBytes: 0 });
  const engines = {
    one: await openWasm(checked, { memoryBytes: 2 ** 26, threads: 1 }),
    two: await openWasm(checked, { memoryBytes: 2 ** 26, threads: 2 }),
    'few rows': await openWasm(checked, { memoryBytes: 0, threads: 1 }),
  };
  for (const image of images) {
    const wanted = new Map<string, Buffer>();
    const result = await finish(reference.run(image, (name, levels) => wanted.set(name, copy(levels))));
    const seen = new Map<string, Buffer>();
    await finish(engines.one.run(image, (name, levels) => seen.set(name, copy(levels))));
    expect([...seen.keys()].toSorted()).toEqual([...wanted.keys()].toSorted());
    for (const [name, bytes] of seen) expect(bytes.equals(wanted.get(name) as Buffer), name).toBe(true);
    for (const [name, engine] of Object.entries(engines)) {
      expect(Buffer.compare(await finish(engine.run(image)), result), name).toBe(0);
    }
  }
  for (const engine of Object.values(engines)) engine.dispose();
}

async function algorithmOf(model: IntegerModel, name: string): Promise<Algorithm | null | undefined> {
  const { steps } = compile(layoutModel(checkModel(model, 'test')), await openMachine(false));
  return steps.find((step) => step.name === name)?.algorithm;
}

/** A convolution `conv` of 16 channels that each are at the ends of their grid where the image is black or white, with weights at their limits. */
function extremes(
  grid: LevelGrid,
  kernel: readonly [number, number],
  bits: number,
  isOdd: boolean,
  outputs = 9,
): IntegerModel {
  const b = modelBuilder(kernel[0] * 16 + kernel[1]);
  b.conv2d('spread', b.input([128, 128, 128]), [3, 16], { kernel: [1, 1], extreme: true });
  b.tensors['spread.bias'] = new Int32Array(16);
  (b.tensors['spread.weight'] as Int8Array).fill(127, 0, 24);
  b.requantize('ends', 'spread', { factor: 1, channels: 16, grid });
  b.conv2d('conv', 'ends', [16, outputs], { kernel, bits, extreme: true, odd: isOdd });
  const size = kernel[0] * kernel[1] * 16;
  const most = isOdd ? 2 ** bits - 1 : 2 ** (bits - 1) - 1;
  (b.tensors['conv.weight'] as Int8Array).fill(most, 0, size).fill(isOdd ? -most : -most - 1, size, 2 * size);
  for (const [name, divisor] of [
    ['fine', 50],
    ['coarse', 50 * size],
  ] as const) {
    b.requantize(name, 'conv', { factor: 1 / divisor, channels: outputs, grid: levels(8, true) });
  }
  b.add('sum', 'fine', 'fine');
  b.requantize('fine.2', 'sum', { factor: 0.5, channels: outputs, grid: levels(8, true, 0, 2) });
  b.conv2d('out', 'fine.2', [outputs, 3], { kernel: [1, 1] });
  b.requantize('out.a', 'out', { factor: 0.01, grid: imageGrid });
  b.conv2d('out2', 'coarse', [outputs, 3], { kernel: [1, 1] });
  b.requantize('out.b', 'out2', { factor: 0.01, grid: imageGrid });
  b.add('both', 'out.a', 'out.b');
  b.output(b.requantize('out.image', 'both', { factor: 0.5, grid: imageGrid }));
  return b.build(1);
}

/** Rows of `B^T`, whose signs are what the transformed inputs are largest on. */
const transforms = {
  6: [
    [4, 0, -21, 0, 21, 0, -4, 0],
    [0, 4, 4, -17, -17, 4, 4, 0],
    [0, -4, 4, 17, -17, -4, 4, 0],
    [0, 2, 1, -10, -5, 8, 4, 0],
    [0, -2, 1, 10, -5, -8, 4, 0],
    [0, 4, 8, -5, -10, 1, 2, 0],
    [0, -4, 8, 5, -10, -1, 2, 0],
    [0, -4, 0, 21, 0, -21, 0, 4],
  ],
  4: [
    [4, 0, -5, 0, 1, 0],
    [0, -4, -4, 1, 1, 0],
    [0, 4, -4, -1, 1, 0],
    [0, -2, -1, 2, 1, 0],
    [0, 2, -1, -2, 1, 0],
    [0, 4, 0, -5, 0, 1],
  ],
  3: [
    [2, -1, -2, 1, 0],
    [0, -2, -1, 1, 0],
    [0, 2, -3, 1, 0],
    [0, -1, 0, 1, 0],
    [0, 2, -1, -2, 1],
  ],
} as const;

const tiles = { winograd3: 3, winograd4: 4, winograd6: 6 } as const;

/** White where the product of a row's and a column's sign is positive, for all pairs of rows of `B^T`, one to every second tile of 3x3 kernels. */
function worstCase(tile: keyof typeof transforms, isFlipped: boolean): Image {
  const rows = transforms[tile];
  const side = 2 * tile * (rows.length + 1);
  const signs = new Float64Array(side).fill(1);
  for (const [k, row] of rows.entries())
    for (const [j, value] of row.entries()) signs[2 * tile * (k + 1) - 1 + j] = value < 0 ? -1 : 1;
  const data = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const isWhite = (signs[y] as number) * (signs[x] as number) > 0 !== isFlipped;
      data.fill(isWhite ? 255 : 0, 3 * (y * side + x), 3 * (y * side + x + 1));
    }
  }
  return { width: side, height: side, channels: 3, data };
}

const black: Image = { width: 13, height: 9, channels: 3, data: new Uint8Array(13 * 9 * 3) };
const white: Image = { ...black, data: black.data.map(() => 255) };
const random = [randomImage(1, 1, 1), randomImage(2, 67, 26), randomImage(3, 3, 14)];

describe('convolutions at the limits of their levels and weights equal the reference', () => {
  it.each([
    ['winograd4', 'unsigned', levels(8, false), 8, false],
    ['winograd4', 'unsigned below zero', levels(8, false, 255), 8, false],
    ['winograd4', 'signed', levels(8, true), 8, false],
    ['winograd4', 'mid-rise on both sides, odd weights', midrise(8, true), 8, true],
    ['winograd3', 'mid-rise on one side, odd weights', midrise(8, false), 8, true],
    ['winograd6', '4 bits', levels(4, false), 4, false],
    ['winograd6', '4 bits below zero', levels(4, true, 7), 4, false],
    ['winograd6', 'mid-rise of 3 bits, odd weights', midrise(3, true), 3, true],
    ['winograd4', '5 bits', levels(5, false), 4, false],
  ] as const)('%s, 3x3, %s', async (algorithm, _name, grid, bits, isOdd) => {
    const model = extremes(grid, [3, 3], bits, isOdd);
    expect(await algorithmOf(model, 'conv')).toBe(algorithm);
    const tile = tiles[algorithm];
    await expectExact(model, [worstCase(tile, false), worstCase(tile, true), black, white, ...random]);
  });

  it.each([
    [[5, 5], 9],
    [[9, 9], 3],
    [[9, 9], 4],
    [[7, 3], 5],
    [[3, 11], 2],
    [[15, 15], 1],
  ] as const)('kernel %o to %i outputs by 3x3 parts', async (kernel, outputs) => {
    const model = extremes(midrise(8, false), kernel, 8, true, outputs);
    expect(await algorithmOf(model, 'conv')).toBe('winograd3');
    await expectExact(model, [worstCase(3, false), black, white, ...random]);
  });

  it('random networks and sizes', async () => {
    const networks = fc.record({
      seed: fc.nat(1000),
      features: fc.constantFrom(16, 20, 40),
      blocks: fc.constant(1),
      scale: fc.constantFrom(2, 3),
      weightBits: fc.integer({ min: 1, max: 8 }),
      bits: fc.integer({ min: 1, max: 8 }),
      skipBits: fc.integer({ min: 4, max: 8 }),
    });
    const side = fc.integer({ min: 1, max: 40 });
    await fc.assert(
      fc.asyncProperty(networks, side, side, async (network, width, height) =>
        expectExact(edsr(network), [randomImage(network.seed, width, height)]),
      ),
      { numRuns: 12, seed: 7 },
    );
  });
});

describe('chooseAlgorithm', () => {
  const conv = { kernel: [3, 3], inChannels: 64, weightBits: 8 } as const;
  const narrow = { ...conv, weightBits: 4 };
  const input = { qmin: 0, qmax: 255, zeroPoint: [0], spacing: 1 } as const;

  it.each([
    [conv, input, 2 ** 25 - 1, 'winograd4'],
    [conv, input, 2 ** 25, 'winograd3'],
    [conv, input, 2 ** 29 - 1, 'winograd3'],
    [conv, input, 2 ** 29, 'direct'],
    [narrow, input, 2 ** 20, 'winograd4'],
    [narrow, { ...input, qmax: 15 }, 2 ** 20, 'winograd6'],
    [narrow, { ...input, qmax: 31 }, 2 ** 20, 'winograd4'],
    [{ ...narrow, weightSpacing: 2 }, { ...input, qmax: 15 }, 2 ** 20, 'winograd4'],
    [{ ...narrow, weightBits: 5 }, { ...input, qmax: 15 }, 2 ** 20, 'winograd4'],
    [conv, { ...input, spacing: 2 }, 2 ** 20, 'winograd3'],
    [conv, { ...input, spacing: 2, zeroPoint: [128] }, 2 ** 20, 'winograd4'],
    [{ ...conv, inChannels: 15 }, input, 2 ** 20, 'direct'],
    [{ ...conv, kernel: [9, 9] }, input, 2 ** 26, 'winograd3'],
    [{ ...conv, kernel: [1, 1] }, input, 2 ** 20, 'direct'],
    [{ ...conv, kernel: [1, 5] }, input, 2 ** 20, 'direct'],
  ] as const)('%o of %o with sums below %i: %s', (node, levelsInfo, bound, algorithm) => {
    expect(chooseAlgorithm(node, levelsInfo, { bound })).toBe(algorithm);
  });

  it('the largest tiles whose transformed inputs fit int16', () => {
    const grid = fc.record({
      qmin: fc.integer({ min: -128, max: 0 }),
      span: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 40 })),
      zero: fc.nat(255),
      spacing: fc.constantFrom(1 as const, 2 as const),
    });
    fc.assert(
      fc.property(grid, ({ qmin, span, zero, spacing }) => {
        const zeroPoint = qmin + Math.min(zero, span);
        // Padding channels are 0, the border is a level.
        const ends = [0, spacing - 1, ...[qmin, qmin + span].map((q) => spacing * (q - zeroPoint) + spacing - 1)];
        const fits = (tile: keyof typeof transforms) => largestTransformed(tile, ends) < 2 ** 15;
        const info = { qmin, qmax: qmin + span, zeroPoint: [zeroPoint], spacing };
        expect(chooseAlgorithm(conv, info, { bound: 1e6 })).toBe(fits(4) ? 'winograd4' : 'winograd3');
        expect(chooseAlgorithm(narrow, info, { bound: 1e6 }) === 'winograd6').toBe(fits(6));
        expect(fits(3)).toBe(true);
      }),
    );
  });
});

/** The largest magnitude of `B^T d B` where each value is one of `ends`. */
function largestTransformed(tile: keyof typeof transforms, ends: readonly number[]): number {
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  let largest = 0;
  for (const p of transforms[tile]) {
    for (const q of transforms[tile]) {
      let [least, most] = [0, 0];
      for (const a of p) {
        for (const c of q) {
          least += Math.min(a * c * low, a * c * high);
          most += Math.max(a * c * low, a * c * high);
        }
      }
      largest = Math.max(largest, most, -least);
    }
  }
  return largest;
}
