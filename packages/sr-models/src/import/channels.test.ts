import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { buildGraph, modelByName } from '../models/registry.js';
import { channelOrder, shuffledBy, toHwio } from './channels.js';

beforeAll(() => useBackend('wasm'));

/** PyTorch's PixelShuffle by its definition, on one image in CHW: `out[k][y * f + dy][x * f + dx] = in[k * f * f + dy * f + dx][y][x]`. */
function slowPixelShuffle(chw: Float32Array, channels: number, size: number, f: number): number[][][] {
  return Array.from({ length: size * f }, (_, y) =>
    Array.from({ length: size * f }, (_unused, x) =>
      Array.from({ length: channels }, (_never, k) => {
        const plane = k * f * f + (y % f) * f + (x % f);
        return chw[(plane * size + Math.floor(y / f)) * size + Math.floor(x / f)] as number;
      }),
    ),
  );
}

it('our shuffle of reordered channels is PyTorch’s of its own', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 2, max: 4 }),
      (size, channels, f) => {
        const planes = channels * f * f;
        const chw = Float32Array.from({ length: planes * size * size }, (_, i) => i);
        const order = channelOrder(planes, f);
        const ours = Float32Array.from({ length: chw.length }, (_, i) => {
          const [position, channel] = [Math.floor(i / planes), i % planes];
          return chw[(order[channel] as number) * size * size + position] as number;
        });
        const shuffled = tf.tidy(() =>
          tf.depthToSpace(tf.tensor4d(ours, [1, size, size, planes]), f, 'NHWC').arraySync(),
        );
        expect((shuffled as number[][][][])[0]).toEqual(slowPixelShuffle(chw, channels, size, f));
      },
    ),
    { numRuns: 40 },
  );
});

it('turns OIHW into HWIO, output channels in order', () => {
  const [o, i, h, w] = [2, 3, 1, 2] as const;
  const weights = Float32Array.from({ length: o * i * h * w }, (_, at) => at);
  const turned = tf.tidy(() => [...tf.transpose(tf.tensor4d(weights, [o, i, h, w]), [2, 3, 1, 0]).dataSync()]);
  expect([...toHwio(weights, [o, i, h, w], [0, 1])]).toEqual(turned);
  expect([...toHwio(weights, [o, i, h, w], [1, 0])].slice(0, 2)).toEqual([turned[1], turned[0]]);
});

it('finds the convolutions in front of shuffles, through activations', () => {
  expect([...shuffledBy(buildGraph(modelByName('srgan', 4)))]).toEqual([
    ['up.0.conv', 2],
    ['up.1.conv', 2],
  ]);
  expect([...shuffledBy(buildGraph(modelByName('edsr-f4b1', 3)))]).toEqual([['tail', 3]]);
});
