/** Between an engine and the world: rows of the input as it asks for them, rows of the result as it makes them. */
import { ALPHA_REACH, alphaRows } from './alpha.js';
import type { Image, Samples, Strip } from './image.js';
import type { Rows } from './rows.js';
import type { Extent } from './tiles.js';

/** What an engine sees of an image: RGB alone. */
export interface Port extends Extent {
  /** Most rows of the result that may be open at once. */
  readonly stripRows: number;
  /** Whether `count` rows can be read. If not, they are asked for: yield, and look again. */
  has(count: number): boolean;
  /** RGB of a row that can be read, `width * 3` bytes. */
  row(y: number): Uint8Array;
  /** Rows above `y` are not read any more. */
  release(y: number): void;
  /** Room for rows `[y0, y1)` of the result, RGB; the rows that follow the last. */
  open(y0: number, y1: number): Uint8Array;
  /** The rows that are open are complete. */
  close(): void;
}

/** A port as its owner sees it. */
export interface PortSide {
  readonly port: Port;
  /** Rows that the engine waits for. */
  wanted(): number;
  /** Takes the strips that are complete. */
  take(): readonly Strip[];
}

/** How strips are made. */
export interface PortOptions {
  readonly scale: number;
  /** The whole result, in the channels of the input; strips are then views of it. */
  readonly target: Samples | null;
  /** Bytes that an open strip may take, at least {@link STRIP_ROWS} rows of the input. */
  readonly stripBytes: number;
}

/** Least rows of the input that a strip is made of, if need be. */
const STRIP_ROWS = 16;

/** Opens a port on the rows of an image. */
export function openPort(rows: Rows, { scale, target, stripBytes }: PortOptions): PortSide {
  const { width, height, channels } = rows;
  const length = width * scale * channels;
  const state = { wanted: 0, released: 0, top: 0, end: 0, rgb: new Uint8Array() as Uint8Array };
  const ready: Strip[] = [];
  // Alpha of a strip needs rows beside it.
  const margin = channels === 4 ? ALPHA_REACH : 0;
  const writeAlpha = alphaRows({ width, height, scale }, (x, y) => rows.row(y)[4 * x + 3] as number);
  const perRow = width * (3 + scale ** 2 * (channels === 4 ? 7 : 3));
  const fitting = Math.max(STRIP_ROWS, Math.floor(stripBytes / perRow));
  const roomFor = (y0: number, y1: number): Uint8Array => {
    if (channels === 4) return new Uint8Array((y1 - y0) * width * scale * 3);
    if (!target) return new Uint8Array((y1 - y0) * length);
    return new Uint8Array(target.buffer, target.byteOffset + y0 * length, (y1 - y0) * length);
  };
  const finished = (): Samples => {
    if (channels === 3) return state.rgb;
    const rgba =
      target?.subarray(state.top * length, state.end * length) ?? new Uint8Array((state.end - state.top) * length);
    for (let from = 0, to = 0; from < state.rgb.length; from += 3, to += 4) {
      rgba[to] = state.rgb[from] as number;
      rgba[to + 1] = state.rgb[from + 1] as number;
      rgba[to + 2] = state.rgb[from + 2] as number;
    }
    for (let y = state.top; y < state.end; y++) writeAlpha(y, rgba.subarray((y - state.top) * length));
    return rgba;
  };
  const release = (): void => {
    const seen = channels === 4 ? Math.floor(state.end / scale) - ALPHA_REACH : height;
    rows.release(Math.min(state.released, seen));
  };
  return {
    wanted: () => state.wanted,
    take: () => ready.splice(0),
    port: {
      width,
      height,
      stripRows: target ? height : Math.min(height, fitting),
      has: (count) => {
        state.wanted = Math.min(height, count + margin);
        return rows.known() >= state.wanted;
      },
      row: (y) => {
        const row = rows.row(y);
        if (channels === 3)
          return row instanceof Uint8Array ? row : new Uint8Array(row.buffer, row.byteOffset, row.length);
        const rgb = new Uint8Array(width * 3);
        for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) {
          rgb[to] = row[from] as number;
          rgb[to + 1] = row[from + 1] as number;
          rgb[to + 2] = row[from + 2] as number;
        }
        return rgb;
      },
      release: (y) => {
        state.released = y;
        release();
      },
      open: (y0, y1) => {
        state.top = y0;
        state.end = y1;
        state.rgb = roomFor(y0, y1);
        return state.rgb;
      },
      close: () => {
        const { top: y, end } = state;
        ready.push({ y, width: width * scale, height: end - y, channels, data: finished() });
        release();
      },
    },
  };
}

/** The port of an image in memory, and where its result will be. */
export function imagePort(
  { width, height, data }: Image,
  scale: number,
): { readonly port: Port; readonly result: Image } {
  const to = new Uint8Array(width * height * scale ** 2 * 3);
  const length = width * scale * 3;
  return {
    port: {
      width,
      height,
      stripRows: height,
      has: () => true,
      row: (y) => data.subarray(y * width * 3, (y + 1) * width * 3),
      release: () => {},
      open: (y0, y1) => to.subarray(y0 * length, y1 * length),
      close: () => {},
    },
    result: { width: width * scale, height: height * scale, channels: 3, data: to },
  };
}
