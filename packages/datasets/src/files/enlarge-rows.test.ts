import { describe, expect, it } from 'vitest';
import { resizeBicubicPlane } from '../resize.js';
import { enlargeRows } from './enlarge-rows.js';
import type { Samples } from './pad-colour.js';

async function collected(rows: AsyncIterable<Samples>): Promise<number[]> {
  const all: number[] = [];
  for await (const chunk of rows) all.push(...chunk);
  return all;
}

describe('enlargeRows', () => {
  it('is what its example says', async () => {
    const rows = enlargeRows([Uint8Array.of(0, 255)], { width: 2, height: 1, channels: 1, scale: 2 });
    expect(await collected(rows)).toEqual([0, 52, 203, 255, 0, 52, 203, 255]);
  });

  it.each([2, 3, 4])('equals bicubic of floats inside, of 8 and 16 bits, at x%i', async (scale) => {
    const [width, height] = [13, 11];
    for (const most of [255, 65535]) {
      const plane = Float64Array.from({ length: width * height }, (_, i) => ((i * 2654435761) >>> 7) % (most + 1));
      const samples = most > 255 ? Uint16Array.from(plane) : Uint8Array.from(plane);
      const made = await collected(
        enlargeRows([samples.subarray(0, 5 * width), samples.subarray(5 * width)], {
          width,
          height,
          channels: 1,
          scale,
        }),
      );
      const { data } = resizeBicubicPlane({ width, height, data: plane }, scale);
      // At the edges this one repeats, that one mirrors: the same for the first sample outside, not for the second.
      const inner = (i: number) => {
        const [x, y] = [i % (width * scale), Math.floor(i / (width * scale))];
        return Math.min(x, y, width * scale - 1 - x, height * scale - 1 - y) >= scale;
      };
      expect(made).toHaveLength(data.length);
      const apart = made.map((value, i) =>
        inner(i) ? Math.abs(value - Math.min(most, Math.max(0, data[i] as number))) : 0,
      );
      expect(Math.max(...apart)).toBeLessThanOrEqual(0.5 + 1e-6);
    }
  });

  it('keeps channels apart', async () => {
    const [width, height, scale] = [5, 4, 2];
    const planes = [3, 7].map((factor) =>
      Uint8Array.from({ length: width * height }, (_, i) => (i * factor * 11) & 255),
    );
    const both = Uint8Array.from({ length: 2 * width * height }, (_, i) => planes[i % 2]![i >> 1] as number);
    const made = await collected(enlargeRows([both], { width, height, channels: 2, scale }));
    for (const [c, plane] of planes.entries()) {
      const alone = await collected(enlargeRows([plane], { width, height, channels: 1, scale }));
      expect(made.filter((_, i) => i % 2 === c)).toEqual(alone);
    }
  });
});
