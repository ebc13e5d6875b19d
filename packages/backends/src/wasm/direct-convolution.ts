/**
 * Direct convolution of padded NHWC images: `out[pixel, v] = sum over lines ky and taps t of image[pixel, ky, t] * w[ky, t, v]`, a tap being one `(kx, ci)`.
 *
 * A tile of `out` stays in registers: up to 4 adjacent pixels of a line times 8 or 4 adjacent output channels.
 */
import { type Code, f32x4, i32, repeatWhile, v128, type WasmFunction } from './assembler.js';

/** Most pixels in a tile. */
export const MAX_TILE_PIXELS = 4;
/** Widths of a tile in output channels, widest first. */
export const channelWidths = [8, 4] as const;

/** The export that does tiles of `pixels` x `width`. */
export const directConvolutionName = (pixels: number, width: number) => `conv_${pixels}_${width}`;

/**
 * Arguments, all int32, strides in bytes: `image`: first value of the first pixel's window; `w`: the filter at the first output channel; `out`; `tiles`: how many
 * to do along the line; `lines` of a window; `taps` of a line; stride of a line; stride of a tap in `w`
 * (a line's taps follow one another); stride of a pixel in `out`.
 */
const parameters = ['image', 'w', 'out', 'tiles', 'lines', 'taps', 'line', 'wTap', 'outPixel'] as const;

function directConvolution(pixels: number, width: number, pixelBytes: number): WasmFunction {
  const vectors = width / 4;
  const rows = Array.from({ length: pixels }, (_, at) => ({ offset: at * pixelBytes, sums: vectorNames(`sum${at}_`) }));
  const weights = vectorNames('w');
  function vectorNames(prefix: string) {
    return Array.from({ length: vectors }, (_, at) => `${prefix}${at}`);
  }
  const typed = <Type extends string>(names: readonly string[], type: Type) =>
    Object.fromEntries(names.map((name) => [name, type]));
  return {
    name: directConvolutionName(pixels, width),
    params: typed(parameters, 'i32'),
    locals: {
      ...typed(['start', 'ky', 'tap', 'pw', 'p'], 'i32'),
      ...typed([...rows.flatMap(({ sums }) => sums), ...weights, 'spread'], 'v128'),
    },
    body: ({ get, set, tee }) => {
      const advance = (name: string, by: Code) => set(name, i32.add(get(name), by));
      const oneTap = [
        ...weights.map((name, at) => set(name, v128.load(get('pw'), 16 * at))),
        ...rows.flatMap(({ offset, sums }) => [
          set('spread', v128.loadSplat(get('p'), offset)),
          ...sums.map((sum, at) => set(sum, f32x4.add(get(sum), f32x4.mul(get('spread'), get(weights[at] as string))))),
        ]),
        advance('pw', get('wTap')),
        advance('p', i32.const(4)),
      ];
      const countDown = (name: string) => tee(name, i32.sub(get(name), i32.const(1)));
      const oneLine = [
        set('p', get('start')),
        set('tap', get('taps')),
        // Not unrolled: the compiler then keeps all sums in registers.
        repeatWhile(oneTap, countDown('tap')),
        advance('start', get('line')),
      ];
      const oneTile = [
        ...rows.flatMap(({ sums }) => sums.map((sum) => set(sum, v128.zero()))),
        set('start', get('image')),
        set('pw', get('w')),
        set('ky', get('lines')),
        repeatWhile(oneLine, countDown('ky')),
        ...rows.flatMap(({ sums }) => [
          ...sums.map((sum, at) => v128.store(get('out'), 16 * at, get(sum))),
          advance('out', get('outPixel')),
        ]),
        advance('image', i32.const(pixels * pixelBytes)),
      ];
      return [repeatWhile(oneTile, countDown('tiles'))];
    },
  };
}

/**
 * All tile shapes for windows whose first values lie `pixelBytes` apart. The distance is part of the code: pixels are then reached by constant offsets from one
 * pointer, which leaves more registers to the sums.
 */
export const directConvolutions = (pixelBytes: number): readonly WasmFunction[] =>
  channelWidths.flatMap((width) =>
    Array.from({ length: MAX_TILE_PIXELS }, (_, at) => directConvolution(at + 1, width, pixelBytes)),
  );
