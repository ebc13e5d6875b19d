import { describe, expect, it } from 'vitest';
import { padColour, type Samples } from './pad-colour.js';

async function* strips(data: Samples, lengths: readonly number[]): AsyncGenerator<Samples, void> {
  let at = 0;
  for (const length of lengths) {
    yield data.subarray(at, at + length);
    at += length;
  }
}

async function padded(data: Samples, width: number, channels: number, rows: readonly number[]): Promise<number[]> {
  const all: number[] = [];
  const lengths = rows.map((count) => count * width * channels);
  for await (const chunk of padColour(strips(data, lengths), { width, channels })) all.push(...chunk);
  return all;
}

describe('padColour', () => {
  it('lays the colours of neighbours under clear pixels, ring by ring', async () => {
    const grey = Uint8Array.of(100, 9, 0, 0, 0, 0, 201, 255);
    expect(await padded(grey, 4, 2, [1])).toEqual([100, 9, 100, 0, 201, 0, 201, 255]);
    const between = Uint16Array.of(1000, 1, 7, 0, 2001, 65535);
    expect(await padded(between, 3, 2, [1])).toEqual([1000, 1, 1501, 0, 2001, 65535]);
  });

  it('leaves visible pixels, alpha, and what is clear throughout', async () => {
    const seen = Uint8Array.from({ length: 60 }, (_, i) => (i % 4 === 3 ? 1 + (i % 250) : (i * 37) & 255));
    expect(await padded(seen, 5, 4, [3])).toEqual([...seen]);
    const clear = Uint8Array.from({ length: 60 }, (_, i) => (i % 4 === 3 ? 0 : i));
    expect(await padded(clear, 5, 4, [1, 2])).toEqual([...clear]);
  });

  it('gives the same however the rows come', async () => {
    const [width, height] = [9, 300];
    const data = Uint8Array.from({ length: width * height * 4 }, (_, i) => {
      const pixel = i >> 2;
      const visible = pixel % 97 === 0 && pixel % 3 !== 0;
      return i % 4 === 3 ? (visible ? 255 : 0) : (i * 101) & 255;
    });
    const whole = await padded(data, width, 4, [height]);
    expect(await padded(data, width, 4, [1, 130, 2, 64, 103])).toEqual(whole);
    expect(whole).not.toEqual([...data]);
  });

  it('reaches 40 pixels', async () => {
    const data = new Uint8Array(50 * 2);
    data.set([200, 255]);
    const colours = (await padded(data, 1, 2, [50])).filter((_, i) => i % 2 === 0);
    expect(colours).toEqual(Array.from({ length: 50 }, (_, i) => (i <= 40 ? 200 : 0)));
  });
});
