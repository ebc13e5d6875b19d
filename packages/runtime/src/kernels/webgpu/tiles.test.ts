import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { edsr, imageGrid, modelBuilder } from '../../../test/models.js';
import { layoutModel } from '../../layout.js';
import { cut, reachOf, type Tile } from '../../tiles.js';
import { checkModel } from '../../validate.js';
import { chooseTiling } from './conv2d.js';
import { tilesFor } from './engine.js';
import { compile } from './program.js';

describe('reachOf', () => {
  it('sums the convolutions on the longest way, those after a shuffle by its factor', () => {
    // head, two blocks of two, the last of the body, the one before the shuffle, and half a pixel for the tail.
    expect(reachOf(layoutModel(checkModel(edsr({ blocks: 2 }), 'test')))).toEqual({ x: 8, y: 8 });
    expect(reachOf(layoutModel(checkModel(edsr({ blocks: 16 }), 'test')))).toEqual({ x: 36, y: 36 });
  });

  it('differs by direction', () => {
    const b = modelBuilder(1);
    b.conv2d('conv', b.input(), [3, 3], { kernel: [1, 5] });
    b.output(b.requantize('out', 'conv', { factor: 1 / 200, grid: imageGrid }));
    expect(reachOf(layoutModel(checkModel(b.build(1), 'test')))).toEqual({ x: 2, y: 0 });
  });
});

describe('cut', () => {
  const size = fc.integer({ min: 1, max: 90 });
  const reach = fc.record({ x: fc.integer({ min: 0, max: 9 }), y: fc.integer({ min: 0, max: 9 }) });
  const side = fc.integer({ min: 1, max: 80 });
  const room = fc.record({ area: fc.integer({ min: 1, max: 3000 }), width: side, height: side });

  it('makes tiles that have room, whose cores are the image and see all around them', () => {
    fc.assert(
      fc.property(size, size, reach, room, (width, height, { x, y }, { area, ...most }) => {
        const tiles = cut({ width, height }, { x, y }, { area, ...most });
        const covered = new Uint8Array(width * height);
        for (const tile of tiles) {
          const { core } = tile;
          expect(tile.width * tile.height).toBeLessThanOrEqual(area);
          expect(tile.width).toBeLessThanOrEqual(most.width);
          expect(tile.height).toBeLessThanOrEqual(most.height);
          expect(sides(tile)).toEqual({
            left: Math.max(0, core.x - x),
            top: Math.max(0, core.y - y),
            right: Math.min(width, core.x + core.width + x),
            bottom: Math.min(height, core.y + core.height + y),
          });
          for (let row = core.y; row < core.y + core.height; row++) {
            for (let column = core.x; column < core.x + core.width; column++) {
              const at = row * width + column;
              covered[at] = (covered[at] as number) + 1;
            }
          }
        }
        expect(new Set(covered)).toEqual(new Set([tiles.length > 0 ? 1 : 0]));
        if (width <= most.width && height <= most.height && width * height <= area) expect(tiles).toHaveLength(1);
      }),
      { seed: 5, numRuns: 1000 },
    );
  });

  const sides = ({ x, y, width, height }: Tile) => ({ left: x, top: y, right: x + width, bottom: y + height });
});

describe('tilesFor', () => {
  const layout = layoutModel(checkModel(edsr({ features: 64, scale: 4, blocks: 16 }), 'test'));
  const program = compile(layout, { dialect: 'packed', outputs: 5, shared: 16384 });
  const reach = reachOf(layout);
  const image = (side: number) => ({
    width: side,
    height: side,
    channels: 3 as const,
    data: new Uint8Array(3 * side * side),
  });
  const limits = { maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 28 };

  it('runs what fits as a whole, and cuts the rest, whatever the budget', () => {
    expect(tilesFor(image(256), program, reach, limits, 2 ** 31)).toHaveLength(1);
    const tiles = tilesFor(image(1000), program, reach, limits, 2 ** 28);
    expect(tiles.length).toBeGreaterThan(1);
    const largest = Math.max(...program.slots);
    for (const { width, height } of tiles) expect(width * height * largest).toBeLessThanOrEqual(2 ** 27);
    expect(tilesFor(image(33), program, reach, limits, 0)).toHaveLength(1);
    expect(tilesFor(image(100), program, reach, limits, 0).length).toBeGreaterThan(1);
  });

  it('refuses what the device has no room for, by name', () => {
    const small = { ...limits, maxStorageBufferBindingSize: 2 ** 21 };
    expect(() => tilesFor(image(1000), program, reach, small, 2 ** 28)).toThrow(
      /^\[runtime\] upscale: a tile must hold a pixel and the 36 x 36 pixels .* maxStorageBufferBindingSize of 2097152 bytes \(use the backend 'wasm'\)$/,
    );
  });
});

describe('chooseTiling', () => {
  it('fits the memory that every device has, and covers all channels', () => {
    for (const kernel of [1, 3, 5, 9, 15]) {
      for (const inChannels of [1, 3, 4, 20, 64, 72, 1024]) {
        for (const outChannels of [1, 3, 5, 8, 9, 16, 17, 64, 256]) {
          const shape = { kernel: [kernel, kernel] as const, inChannels, outChannels };
          const { words, parts, rows, slices, chunk, chunks, stage } = chooseTiling(shape, 16384);
          const window = (15 + kernel) * (rows - 1 + kernel);
          expect(4 * chunk * (window + stage * kernel * words * parts * 4)).toBeLessThanOrEqual(16384);
          expect(kernel % stage).toBe(0);
          expect(chunk * chunks * 4).toBeGreaterThanOrEqual(inChannels);
          expect(words * parts * slices * 4).toBeGreaterThanOrEqual(outChannels);
          expect(4 * rows * parts).toBe(64);
        }
      }
    }
  });

  it('of 64 to 64 channels takes 16 at a time, makes 32, and loads the weights of all kernel rows', () => {
    const shape = { kernel: [3, 3] as const, inChannels: 64, outChannels: 64 };
    expect(chooseTiling(shape, 16384)).toEqual({
      words: 2,
      parts: 4,
      rows: 4,
      slices: 2,
      chunk: 4,
      chunks: 4,
      stage: 3,
    });
  });
});
