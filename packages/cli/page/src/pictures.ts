/** Images of the page: from a file to pixels, from pixels to a canvas. */

/** Pixels that a page takes: as many as a 64-megapixel photograph. */
const MOST_PIXELS = 2 ** 26;

/** Decodes a file as the browser does, colours as they are stored. @throws Error in one line */
export async function decode(file: Blob & { readonly name?: string }): Promise<ImageData> {
  const name = file.name ?? 'the image';
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
  } catch {
    throw new Error(`${name} must be an image that this browser decodes, got ${file.type || 'an unknown type'}`);
  }
  try {
    if (bitmap.width * bitmap.height > MOST_PIXELS) {
      throw new Error(`${name} must have at most ${MOST_PIXELS} pixels, got ${bitmap.width} x ${bitmap.height}`);
    }
    const { canvas, context } = blank(bitmap.width, bitmap.height);
    context.drawImage(bitmap, 0, 0);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  } finally {
    bitmap.close();
  }
}

/** A canvas that shows pixels. */
export function canvasOf(image: ImageData): HTMLCanvasElement {
  const { canvas, context } = blank(image.width, image.height);
  context.putImageData(image, 0, 0);
  return canvas;
}

/** A canvas that shows pixels in another size, by the browser's best interpolation. */
export function resized(image: ImageData, width: number, height: number): HTMLCanvasElement {
  const { canvas, context } = blank(width, height);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = 'high';
  context.drawImage(canvasOf(image), 0, 0, width, height);
  return canvas;
}

/** The colours without alpha, as metrics take them. */
export function rgb({ width, height, data }: ImageData) {
  const out = new Uint8Array(width * height * 3);
  for (let i = 0, o = 0; i < data.length; i += 4) {
    for (let c = 0; c < 3; c++) out[o++] = data[i + c] as number;
  }
  return { width, height, channels: 3 as const, data: out };
}

function blank(width: number, height: number) {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error(`this browser must draw ${width} x ${height} pixels, got no canvas for it`);
  return { canvas, context };
}
