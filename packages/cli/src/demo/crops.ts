/** Small pictures for the report: the part of a photo with the most detail, as every method shows it. */
import { crop, encodePng, type Image, makeImage } from '@fqsr/datasets';

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

/** The pixels of a window. */
export function cut(image: Image, { x, y, size }: Window): Image {
  return crop(image, x, y, size, size);
}

/** An image as the source of an `img` element. */
export async function dataUri(image: Image): Promise<string> {
  return `data:image/png;base64,${Buffer.from(await encodePng(image)).toString('base64')}`;
}

/** Equal square crops as one picture, every pixel `zoom` times as large, with a white gap between them. */
export function mosaic(rows: readonly (readonly Image[])[], zoom: number, gap: number): Image {
  const side = rows[0]?.[0]?.width ?? 0;
  const pitch = side * zoom + gap;
  const columns = rows[0]?.length ?? 0;
  const picture = makeImage(columns * pitch - gap, rows.length * pitch - gap);
  picture.data.fill(255);
  for (const [r, row] of rows.entries()) {
    for (const [c, tile] of row.entries()) {
      for (let y = 0; y < side * zoom; y++) {
        for (let x = 0; x < side * zoom; x++) {
          const from = (Math.floor(y / zoom) * side + Math.floor(x / zoom)) * 3;
          picture.data.set(tile.data.subarray(from, from + 3), ((r * pitch + y) * picture.width + c * pitch + x) * 3);
        }
      }
    }
  }
  return picture;
}
