/**
 * Filters turned by 180 degrees with their channels exchanged: the input gradient is a convolution with them (see `conv2d-backprop-input.ts`).
 */
import type { TensorInfo } from '@tensorflow/tfjs';
import { type Code, f32x4, i32, repeatWhile, v128, type WasmFunction } from './assembler.js';
import type { Shape4D } from './conv-info.js';
import { addressOf, floatsOf, type Heap } from './heap.js';

const LANES = [0, 1, 2, 3] as const;

/**
 * `to[c, r] = from[r, c]` of a matrix whose sides are multiples of four. Arguments: `from`, `to`; `rows` and `columns` in fours; bytes of a line of each.
 */
export const transposeMatrix: WasmFunction = {
  name: 'transposeMatrix',
  params: Object.fromEntries(['from', 'to', 'rows', 'columns', 'fromLine', 'toLine'].map((name) => [name, 'i32'])),
  locals: {
    ...Object.fromEntries(['fromAt', 'toAt', 'at', 'n'].map((name) => [name, 'i32' as const])),
    ...Object.fromEntries(LANES.flatMap((lane) => [`a${lane}`, `b${lane}`]).map((name) => [name, 'v128' as const])),
  },
  body: ({ get, set, tee }) => {
    const advance = (name: string, by: Code) => set(name, i32.add(get(name), by));
    const countDown = (name: string) => tee(name, i32.sub(get(name), i32.const(1)));
    const lines = (line: string, code: (lane: number) => Code) =>
      LANES.flatMap((lane) => [code(lane), advance('at', get(line))]);
    const pick = (a: string, b: string, order: readonly number[]) => f32x4.pick(get(a), get(b), order);
    const oneBlock = [
      set('at', get('fromAt')),
      ...lines('fromLine', (lane) => set(`a${lane}`, v128.load(get('at'), 0))),
      set('b0', pick('a0', 'a1', [0, 4, 1, 5])),
      set('b1', pick('a2', 'a3', [0, 4, 1, 5])),
      set('b2', pick('a0', 'a1', [2, 6, 3, 7])),
      set('b3', pick('a2', 'a3', [2, 6, 3, 7])),
      set('a0', pick('b0', 'b1', [0, 1, 4, 5])),
      set('a1', pick('b0', 'b1', [2, 3, 6, 7])),
      set('a2', pick('b2', 'b3', [0, 1, 4, 5])),
      set('a3', pick('b2', 'b3', [2, 3, 6, 7])),
      set('at', get('toAt')),
      ...lines('toLine', (lane) => v128.store(get('at'), 0, get(`a${lane}`))),
      advance('fromAt', i32.const(16)),
      advance('toAt', i32.mul(get('toLine'), i32.const(4))),
    ];
    const oneRow = [
      set('fromAt', get('from')),
      set('toAt', get('to')),
      set('n', get('columns')),
      repeatWhile(oneBlock, countDown('n')),
      advance('from', i32.mul(get('fromLine'), i32.const(4))),
      advance('to', i32.const(16)),
    ];
    return [repeatWhile(oneRow, countDown('rows'))];
  },
};

/** `F[ky, kx, co, ci] = W[kh - 1 - ky, kw - 1 - kx, ci, co]`, `[kh, kw, co, ci]`; the caller disposes its data. */
export function turnedFilter(heap: Heap, filter: TensorInfo): TensorInfo {
  const [height, width, inChannels, outChannels] = filter.shape as Shape4D;
  const out = heap.backend.makeOutput([height, width, outChannels, inChannels], 'float32');
  const [from, to] = [addressOf(heap, filter), addressOf(heap, out)];
  const size = inChannels * outChannels;
  const taps = height * width;
  const inFours = inChannels % 4 === 0 && outChannels % 4 === 0;
  for (let tap = 0; tap < taps; tap++) {
    const last = taps - 1 - tap;
    if (inFours) {
      const sides = [inChannels / 4, outChannels / 4, 4 * outChannels, 4 * inChannels];
      heap.call('transposeMatrix')(from + 4 * last * size, to + 4 * tap * size, ...sides);
      continue;
    }
    const [source, target] = [floatsOf(heap, filter), floatsOf(heap, out)];
    for (let ci = 0; ci < inChannels; ci++) {
      for (let co = 0; co < outChannels; co++) {
        target[tap * size + co * inChannels + ci] = source[last * size + ci * outChannels + co] as number;
      }
    }
  }
  return out;
}
