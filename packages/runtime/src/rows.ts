/** Rows of an input image, from memory or as they come. */
import { RuntimeError } from './error.js';
import { type Channels, isSamples, type RowSource, type Samples } from './image.js';

/** An image that is read from the top. */
export interface Rows {
  readonly width: number;
  readonly height: number;
  readonly channels: Channels;
  /** Rows that have come so far. */
  known(): number;
  /** Reads until `count` rows have come. @throws RuntimeError when the source ends before */
  read(count: number): Promise<void>;
  /** A row that has come and is still kept. */
  row(y: number): Samples;
  /** Rows above `y` are not needed any more. */
  release(y: number): void;
  /** Ends the source, read to its end or not. */
  close(): Promise<void>;
}

/** What {@link openRows} reads: samples at once, or in chunks. */
export interface RowInput extends Omit<RowSource, 'data'> {
  readonly data: Samples | RowSource['data'];
}

/** The rows of an image; a source in chunks keeps those that are still needed. */
export function openRows({ data, ...shape }: RowInput): Rows {
  return isSamples(data) ? memoryRows({ ...shape, data }) : streamedRows({ ...shape, data });
}

function memoryRows({ data, ...shape }: RowInput & { readonly data: Samples }): Rows {
  const length = shape.width * shape.channels;
  return {
    ...shape,
    known: () => shape.height,
    read: () => Promise.resolve(),
    row: (y) => data.subarray(y * length, (y + 1) * length),
    release: () => {},
    close: () => Promise.resolve(),
  };
}

function streamedRows({ data, ...shape }: RowSource): Rows {
  const { width, height, channels } = shape;
  const length = width * channels;
  const chunks = chunksOf(data);
  const rows = new Map<number, Uint8Array>();
  const state = { known: 0, kept: 0, row: new Uint8Array(length), filled: 0 };
  const take = (chunk: Samples): void => {
    for (let at = 0; at < chunk.length; ) {
      if (state.known === height) throw wrongLength(shape, 'more');
      const part = chunk.subarray(at, at + length - state.filled);
      state.row.set(part, state.filled);
      state.filled += part.length;
      at += part.length;
      if (state.filled < length) return;
      rows.set(state.known++, state.row);
      state.row = new Uint8Array(length);
      state.filled = 0;
    }
  };
  return {
    ...shape,
    known: () => state.known,
    read: async (count) => {
      // The last rows are read to the source's end, so that too many bytes are noticed.
      while (state.known < count || count === height) {
        const { done, value } = await chunks.next();
        if (done && state.known === height) return;
        if (done) throw wrongLength(shape, state.known * length + state.filled);
        if (!isSamples(value)) {
          const problem = `image.data must give Uint8Arrays, got ${typeof value}`;
          throw new RuntimeError('upscaleRows', problem, 'pass an iterable of 8-bit samples');
        }
        take(value);
      }
    },
    row: (y) => rows.get(y) as Uint8Array,
    release: (y) => {
      for (; state.kept < y; state.kept++) rows.delete(state.kept);
    },
    close: async () => void (await chunks.return?.()),
  };
}

/** The chunks of a source, one after the other. */
export function chunksOf(data: RowSource['data']): AsyncIterator<Samples> | Iterator<Samples> {
  if (Symbol.asyncIterator in data) return data[Symbol.asyncIterator]();
  return data[Symbol.iterator]();
}

function wrongLength({ width, height, channels }: Omit<RowSource, 'data'>, got: number | string): RuntimeError {
  const problem = `image.data must give ${width * height * channels} bytes (${width} x ${height} x ${channels}), got ${got}`;
  return new RuntimeError('upscaleRows', problem, 'pass interleaved samples of all rows');
}
