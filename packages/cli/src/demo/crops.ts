/** Small pictures for the report: the part of a photo with the most detail, as every method shows it. */
import { crop, encodePng, type Image } from '@fqsr/datasets';

/** A window of an image. */
export interface Window {
  readonly x: number;
  readonly y: number;
  readonly size: number;
}

/** The window of `size` pixels with the strongest edges, on a grid of half its size: the largest sum of squared differences between neighbours. */
export function mostDetailed({ width, height, data }: Image, size: number): Window {
  const side = Math.min(size, width, height);
  let best = { x: 0, y: 0, energy: -1 };
  for (let y = 0; y + side <= height; y += side >> 1) {
    for (let x = 0; x + side <= width; x += side >> 1) {
      let energy = 0;
      for (let dy = 0; dy < side - 2; dy += 2) {
        for (let dx = 0; dx < side - 2; dx += 2) {
          const at = ((y + dy) * width + x + dx) * 3 + 1;
          const green = data[at] as number;
          // Two pixels apart, so that the grain of a photograph counts less than its edges.
          energy += ((data[at + 6] as number) - green) ** 2 + ((data[at + 6 * width] as number) - green) ** 2;
        }
      }
      if (energy > best.energy) best = { x, y, energy };
    }
  }
  return { x: best.x, y: best.y, size: side };
}

/** A window as the source of an `img` element. */
export async function cropUri(image: Image, { x, y, size }: Window): Promise<string> {
  const png = await encodePng(crop(image, x, y, size, size));
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
}
