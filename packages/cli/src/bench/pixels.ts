/** Images to measure on, and results to compare. */
import type { Image } from '@fqsr/datasets';

/** A seeded image of slopes and noise: values spread over the whole range, so that no engine meets constant data. */
export function syntheticImage(width: number, height: number, seed: number): Image {
  const data = new Uint8Array(width * height * 3);
  let state = seed >>> 0;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++, i++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        // A sawtooth along a diagonal, another for each channel, under 16 levels of noise.
        const slope = (x * (2 + c) + y * (5 - c)) % 480;
        data[i] = (slope < 240 ? slope : 479 - slope) + (state >>> 28);
      }
    }
  }
  return { width, height, channels: 3, data };
}

/** Grey levels as 8-bit pixels. */
export function roundPixels(levels: Uint8Array | Float32Array): Uint8Array {
  if (levels instanceof Uint8Array) return levels;
  // Clamps, and rounds half to even.
  return new Uint8Array(Uint8ClampedArray.from(levels).buffer);
}

/** Greatest distance of two results, in grey levels. */
export function largestDistance(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs((a[i] as number) - (b[i] as number)));
  return largest;
}
