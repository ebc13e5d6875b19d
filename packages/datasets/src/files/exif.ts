/**
 * Metadata that must not contradict the pixels: EXIF and XMP of an image that was turned upright and enlarged.
 */

const ORIENTATION = 0x0112;
const EXIF_FOLDER = 0x8769;
/** Tags that hold a size, and which side of it. */
const sides: Readonly<Record<number, 'width' | 'height'>> = {
  256: 'width',
  257: 'height',
  40962: 'width',
  40963: 'height',
};
const [SHORT, LONG] = [3, 4];
const SHORT_FIELD = 12;

/**
 * EXIF of the image as it is now: upright, of its new size, without the thumbnail, which shows the old one. Everything else stays.
 *
 * @param exif with or without the `Exif\0\0` that JPEG puts in front
 * @returns a copy without it; `null` for what is no EXIF
 */
export function exifOf(exif: Uint8Array, size: { readonly width: number; readonly height: number }): Uint8Array | null {
  const prefixed = Buffer.from(exif.subarray(0, 6)).toString('latin1') === 'Exif\0\0';
  const bytes = Uint8Array.from(prefixed ? exif.subarray(6) : exif);
  const order = Buffer.from(bytes.subarray(0, 4)).toString('latin1');
  if (order !== 'II*\0' && order !== 'MM\0*') return null;
  const view = new DataView(bytes.buffer);
  const little = order === 'II*\0';
  try {
    const first = view.getUint32(4, little);
    const next = patchFolder(view, first, little, size);
    // The second folder describes the thumbnail.
    view.setUint32(next, 0, little);
    return bytes;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Corrects the fields of a folder and of the one inside it. @returns where the address of the next one stands. @throws RangeError when it leaves the bytes */
function patchFolder(
  view: DataView,
  folder: number,
  little: boolean,
  size: { readonly width: number; readonly height: number },
): number {
  const count = view.getUint16(folder, little);
  for (let i = 0; i < count; i++) {
    const at = folder + 2 + i * SHORT_FIELD;
    const tag = view.getUint16(at, little);
    const side = sides[tag];
    // Not into a folder before itself: no file makes this go round.
    const inner = tag === EXIF_FOLDER ? view.getUint32(at + 8, little) : 0;
    if (inner > folder) patchFolder(view, inner, little, size);
    if (tag === ORIENTATION) put(view, at, SHORT, 1, little);
    if (side) put(view, at, LONG, size[side], little);
  }
  return folder + 2 + count * SHORT_FIELD;
}

/** One value into a field: of 2 bytes, or of 4. */
function put(view: DataView, at: number, type: number, value: number, little: boolean): void {
  view.setUint16(at + 2, type, little);
  view.setUint32(at + 4, 1, little);
  view.setUint32(at + 8, 0, little);
  if (type === SHORT) view.setUint16(at + 8, value, little);
  else view.setUint32(at + 8, value, little);
}

/** XMP of an image that was turned upright. */
export function xmpOf(xmp: Uint8Array): Uint8Array {
  const text = Buffer.from(xmp.buffer, xmp.byteOffset, xmp.length).toString('utf8');
  return Buffer.from(text.replace(/(tiff:Orientation(?:="|='|>))[1-8]/g, '$11'), 'utf8');
}
