/**
 * Images of any kind by a network that knows 8-bit RGB: what it does not know goes round it.
 *
 * - Grey: the network sees it as three equal channels; the result is the luma of its three.
 * - Alpha: enlarged by bicubic. The network sees colours without their alpha.
 * - 16 bits: the network sees every sample rounded to 8, `q = round(x / 257)`. What that leaves is enlarged by bicubic and added: `y = 257 network(q) + bicubic(x - 257 q)`. Adding
 *   what the rounding of the network's own output leaves of bicubic too measures less (`tools/sixteen-bits.mjs`).
 */
import { enlargeRows, type ImageFile, type Samples } from '@fqsr/datasets';
import { type Network, rowsOf } from '../networks.js';

/** Steps of 16 bits in one of 8. */
const STEP = 257;
/** Stands for no remainder, which has a sign. */
const MIDDLE = 32768;
/** Rec. 601, over 256. */
const [RED, GREEN, BLUE] = [77, 150, 29];

/** The rows of an image file, enlarged, in its own channels and bits. @param onProgress share of the work done, 0..1 */
export async function* enlargedRows(
  network: Network,
  file: ImageFile,
  onProgress: (share: number) => void,
): AsyncGenerator<{ readonly data: Uint8Array | Uint8ClampedArray | Uint16Array }, void> {
  const { width, height, channels, alpha, bitDepth } = file;
  const { scale } = network;
  const image = { width, height, channels: 3, data: asRgb(file) } as const;
  const colours = channels < 3 ? 1 : 3;
  if (bitDepth === 8 && channels === 3) return yield* rowsOf(network, image, onProgress);
  const shape = { width, height, scale };
  const length = width * scale;
  const enlarged = (rows: AsyncIterable<Samples>, count: number) =>
    singly(enlargeRows(rows, { ...shape, channels: count }), length * count);
  const layout = { colours, channels };
  const left = bitDepth === 16 ? enlarged(remaindersOf(file, layout), channels) : null;
  const clear = alpha && bitDepth === 8 ? enlarged(alphaOf(file), 1) : null;
  try {
    for await (const { data } of rowsOf(network, image, onProgress)) {
      const rows = data.length / (3 * length);
      const out = new (bitDepth === 16 ? Uint16Array : Uint8Array)(rows * length * channels);
      for (let y = 0; y < rows; y++) {
        const seen = data.subarray(y * 3 * length, (y + 1) * 3 * length);
        const result = out.subarray(y * length * channels, (y + 1) * length * channels);
        putColours(result, colours === 1 ? lumaOf(seen) : seen, layout);
        if (left) addRemainders(result, await next(left), layout);
        if (clear) putAlpha(result, await next(clear), channels);
      }
      yield { data: out };
    }
  } finally {
    // Read to the end or not, they let go of what they read.
    for (const rows of [left, clear]) await rows?.return(undefined as never);
  }
}

interface Layout {
  readonly colours: number;
  readonly channels: number;
}

function putColours(to: Samples, from: ArrayLike<number>, { colours, channels }: Layout): void {
  for (let i = 0, at = 0; i < from.length; i += colours, at += channels) {
    for (let c = 0; c < colours; c++) to[at + c] = from[i + c] as number;
  }
}

/** Rows of 8-bit values become the sum above; alpha is bicubic's. */
function addRemainders(to: Samples, left: Samples, { colours, channels }: Layout): void {
  for (let at = 0; at < to.length; at += channels) {
    for (let c = 0; c < colours; c++) {
      const value = STEP * (to[at + c] as number) + (left[at + c] as number) - MIDDLE;
      to[at + c] = Math.min(65535, Math.max(0, value));
    }
    if (channels > colours) to[at + colours] = left[at + colours] as number;
  }
}

function putAlpha(to: Samples, alpha: Samples, channels: number): void {
  for (let i = 0, at = channels - 1; i < alpha.length; i++, at += channels) to[at] = alpha[i] as number;
}

function lumaOf(rgb: ArrayLike<number>): Uint8Array {
  const luma = new Uint8Array(rgb.length / 3);
  for (let i = 0, at = 0; i < luma.length; i++, at += 3) {
    luma[i] = (RED * (rgb[at] as number) + GREEN * (rgb[at + 1] as number) + BLUE * (rgb[at + 2] as number) + 128) >> 8;
  }
  return luma;
}

const toEight = (value: number) => Math.floor(value / STEP + 0.5);

/** The colours alone, in 8 bits. */
async function* coloursOf({ rows, channels, bitDepth }: ImageFile): AsyncGenerator<Uint8Array, void> {
  const colours = channels < 3 ? 1 : 3;
  for await (const chunk of rows()) {
    const out = new Uint8Array((chunk.length / channels) * colours);
    for (let i = 0, at = 0; i < out.length; i += colours, at += channels) {
      for (let c = 0; c < colours; c++) {
        const value = chunk[at + c] as number;
        out[i + c] = bitDepth === 16 ? toEight(value) : value;
      }
    }
    yield out;
  }
}

/** What rounding to 8 bits leaves of the colours, around {@link MIDDLE}; alpha as it is. */
async function* remaindersOf({ rows }: ImageFile, { colours, channels }: Layout): AsyncGenerator<Samples, void> {
  for await (const chunk of rows()) {
    const out = chunk.slice();
    for (let at = 0; at < out.length; at += channels) {
      for (let c = 0; c < colours; c++) {
        const value = out[at + c] as number;
        out[at + c] = value - STEP * toEight(value) + MIDDLE;
      }
    }
    yield out;
  }
}

async function* asRgb(file: ImageFile): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of coloursOf(file)) {
    if (file.channels >= 3) {
      yield chunk;
      continue;
    }
    const rgb = new Uint8Array(chunk.length * 3);
    for (let i = 0; i < rgb.length; i++) rgb[i] = chunk[Math.floor(i / 3)] as number;
    yield rgb;
  }
}

async function* alphaOf({ rows, channels }: ImageFile): AsyncGenerator<Samples, void> {
  for await (const chunk of rows()) {
    const alpha = new Uint8Array(chunk.length / channels);
    for (let i = 0; i < alpha.length; i++) alpha[i] = chunk[(i + 1) * channels - 1] as number;
    yield alpha;
  }
}

/** One row at a time. */
async function* singly(rows: AsyncIterable<Samples>, length: number): AsyncGenerator<Samples, never> {
  for await (const chunk of rows)
    for (let at = 0; at < chunk.length; at += length) yield chunk.subarray(at, at + length);
  throw new RangeError('the network gave more rows than the image has');
}

async function next(rows: AsyncGenerator<Samples, never>): Promise<Samples> {
  return (await rows.next()).value;
}
