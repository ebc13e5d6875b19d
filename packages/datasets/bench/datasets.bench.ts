import { bench, describe } from 'vitest';
import {
  createPatchStream,
  makeImage,
  openSource,
  renderDeadLeaves,
  resizeBicubic,
  resizeBicubicPlane,
} from '../src/index.js';

const noise = (width: number, height: number) =>
  makeImage(
    width,
    height,
    Uint8Array.from({ length: width * height * 3 }, (_, i) => Math.imul(i, 2654435761) >>> 24),
  );

describe('resizeBicubic', () => {
  const [hd, megapixel, quarter] = [noise(1920, 1080), noise(1024, 1024), noise(512, 512)];
  bench('1920x1080 to 480x270', () => void resizeBicubic(hd, 1 / 4));
  const plane = {
    width: 1920,
    height: 1080,
    data: Float32Array.from({ length: 1920 * 1080 }, (_, i) => hd.data[i * 3]!),
  };
  bench('one float channel, 1920x1080 to 480x270', () => void resizeBicubicPlane(plane, 1 / 4));
  bench('1024x1024 to 2048x2048', () => void resizeBicubic(megapixel, 2));
  bench('512x512 to 1024x1024', () => void resizeBicubic(quarter, 2));
});

describe('dead leaves', () => {
  let index = 0;
  bench('256x256', () => void renderDeadLeaves({ size: 256, seed: 1, index: index++ % 64 }));
});

describe('patch stream', async () => {
  const source = await openSource('dead-leaves:16');
  const stream = createPatchStream(source, { scale: 2, patchSize: 24, batchSize: 16, seed: 1 });
  for (let n = 0; n < 4; n++) await stream.batch(n);
  let cursor = 0;
  bench('16 of 24x24, x2, from the cache', async () => void (await stream.batch(cursor++)));
});
