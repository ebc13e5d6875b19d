/**
 * `MaxPoolGrad`: windows of 2x2 side by side, as in VGG, four channels at a time, others value by value.
 *
 * The gradient goes to the first of a window's largest values, in rows from the top left, as on TF.js's `cpu` backend.
 */
import { backend_util, type KernelConfig, MaxPoolGrad, type TensorInfo, util } from '@tensorflow/tfjs';
import { type Code, f32x4, i32, repeatWhile, v128, type WasmFunction } from './assembler.js';
import type { Shape4D } from './conv-info.js';
import { addressOf, floatsAt, floatsOf, type Heap } from './heap.js';

type Pool2DInfo = backend_util.Conv2DInfo;
/** Addresses of the input, its gradient, the output and its gradient. */
type Places = [input: number, dx: number, output: number, dy: number];

const typed = <Type extends string>(names: readonly string[], type: Type) =>
  Object.fromEntries(names.map((name) => [name, type]));

/**
 * One line of windows. Arguments: `x` and `dx`, the two lines of the input; `y` and `dy`, the line of the output; `line`: bytes of an input line; `pixels` of the
 * output line; `vectors` of four channels; `pixel`: bytes of a pixel.
 */
export const maxPoolGradFunction: WasmFunction = {
  name: 'maxPoolGrad',
  params: typed(['x', 'dx', 'y', 'dy', 'line', 'pixels', 'vectors', 'pixel'], 'i32'),
  locals: { ...typed(['n', 'from', 'to'], 'i32'), ...typed(['largest', 'left', 'hit'], 'v128') },
  body: ({ get, set, tee }) => {
    const advance = (name: string, by: Code) => set(name, i32.add(get(name), by));
    const countDown = (name: string) => tee(name, i32.sub(get(name), i32.const(1)));
    /** Gives what is left of the gradient to a place where the input is the largest. */
    const place = (offset: Code) => [
      set('from', i32.add(get('x'), offset)),
      set('to', i32.add(get('dx'), offset)),
      set('hit', f32x4.eq(v128.load(get('from'), 0), get('largest'))),
      v128.store(get('to'), 0, v128.and(get('left'), get('hit'))),
      set('left', v128.andNot(get('left'), get('hit'))),
    ];
    const oneVector = [
      set('largest', v128.load(get('y'), 0)),
      set('left', v128.load(get('dy'), 0)),
      ...place(i32.const(0)),
      ...place(get('pixel')),
      ...place(get('line')),
      ...place(i32.add(get('line'), get('pixel'))),
      ...['x', 'dx', 'y', 'dy'].map((name) => advance(name, i32.const(16))),
    ];
    const onePixel = [
      set('n', get('vectors')),
      repeatWhile(oneVector, countDown('n')),
      advance('x', get('pixel')),
      advance('dx', get('pixel')),
    ];
    return [repeatWhile(onePixel, countDown('pixels'))];
  },
};

/** One line of 2x2 windows side by side after the other. */
function sideBySide(heap: Heap, [input, dx, output, dy]: Places, info: Pool2DInfo): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth } = info;
  const pixel = 4 * inChannels;
  for (let line = 0; line < batchSize * outHeight; line++) {
    const top = Math.floor(line / outHeight) * inHeight + 2 * (line % outHeight);
    heap.call(maxPoolGradFunction.name)(
      ...[input + top * inWidth * pixel, dx + top * inWidth * pixel],
      ...[output + line * outWidth * pixel, dy + line * outWidth * pixel],
      ...[inWidth * pixel, outWidth, inChannels / 4, pixel],
    );
  }
}

/** Any windows, value by value. */
function anyWindows(heap: Heap, [input, dx, output, dy]: Places, info: Pool2DInfo): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, padInfo } = info;
  const inSize = batchSize * inHeight * inWidth * inChannels;
  const [x, to] = [floatsAt(heap, input, inSize), floatsAt(heap, dx, inSize)];
  const outSize = batchSize * outHeight * outWidth * inChannels;
  const [largest, gradient] = [floatsAt(heap, output, outSize), floatsAt(heap, dy, outSize)];
  for (let at = 0; at < outSize; at++) {
    const channel = at % inChannels;
    const pixel = Math.floor(at / inChannels);
    const left = (pixel % outWidth) * info.strideWidth - padInfo.left;
    const top = (Math.floor(pixel / outWidth) % outHeight) * info.strideHeight - padInfo.top;
    const image = Math.floor(pixel / (outWidth * outHeight)) * inHeight;
    const place = (y: number, column: number) => ((image + y) * inWidth + column) * inChannels + channel;
    const first = firstOf(x, largest[at] as number, place, {
      rows: [Math.max(0, top), Math.min(inHeight, top + info.filterHeight)],
      columns: [Math.max(0, left), Math.min(inWidth, left + info.filterWidth)],
    });
    if (first >= 0) to[first] = (to[first] as number) + (gradient[at] as number);
  }
}

/** A window: first row and column, and the ones after the last. */
interface Span {
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
}

/** Where a window holds `value` first; -1 where it is a NaN. */
function firstOf(
  x: Float32Array,
  value: number,
  place: (y: number, x: number) => number,
  { rows, columns }: Span,
): number {
  for (let y = rows[0]; y < rows[1]; y++) {
    for (let column = columns[0]; column < columns[1]; column++) {
      if (x[place(y, column)] === value) return place(y, column);
    }
  }
  return -1;
}

/** The kernel, for all windows: TF.js's own is wrong where a window reaches over the edge, and where channels are not a multiple of 4. */
export const maxPoolGrad = (heap: Heap): KernelConfig => ({
  kernelName: MaxPoolGrad,
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs = {} }) => {
    const { dy, input, output } = inputs as { dy: TensorInfo; input: TensorInfo; output: TensorInfo };
    const { filterSize, strides, pad, dimRoundingMode } = attrs as {
      filterSize: [number, number] | number;
      strides: [number, number] | number;
      pad: 'valid' | 'same' | number;
      dimRoundingMode?: 'floor' | 'round' | 'ceil';
    };
    const shape = input.shape as Shape4D;
    const info = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
    const { filterHeight, filterWidth, strideHeight, strideWidth, padInfo, inChannels } = info;
    const isSideBySide =
      [filterHeight, filterWidth, strideHeight, strideWidth].every((size) => size === 2) &&
      [padInfo.top, padInfo.bottom, padInfo.left, padInfo.right].every((lines) => lines <= 0) &&
      inChannels % 4 === 0;
    const dx = heap.backend.makeOutput(shape, 'float32');
    floatsOf(heap, dx).fill(0);
    if (util.sizeFromShape(dy.shape) === 0) return dx;
    const places = [input, dx, output, dy].map((tensor) => addressOf(heap, tensor)) as Places;
    if (isSideBySide) sideBySide(heap, places, info);
    else anyWindows(heap, places, info);
    return dx;
  },
});
