/**
 * Sums of outer products, the heart of the filter gradient: `out[r, v] += sum over pixels of a[pixel, r] * b[pixel, v]`.
 *
 * A tile of `out` stays in registers while the pixels pass: `rows` values of `a`, each spread over a vector, times 8, 4 or 1 adjacent values of `b`.
 */
import { type Code, f32x4, i32, repeatWhile, v128, type WasmFunction } from './assembler.js';

/** Most values of `a` in a tile. */
export const MAX_TILE_ROWS = 4;
/** Widths of a tile in values of `b`, widest first. */
export const tileWidths = [8, 4, 1] as const;

/**
 * Arguments, all int32; addresses and strides in bytes:
 * `a`, `b`, `out`; `tiles`: how many tiles to do, one below the other, in `a` and `out`; `lines` of `pixels` pixels each;
 * strides of a pixel and of a line in `a` and `b`; stride of a row of `out`.
 */
export type OuterProduct = (
  a: number,
  b: number,
  out: number,
  tiles: number,
  lines: number,
  pixels: number,
  aPixel: number,
  bPixel: number,
  aLine: number,
  bLine: number,
  outRow: number,
) => void;

/** The export that does tiles of `rows` x `width`. */
export const outerProductName = (rows: number, width: number) => `outer_${rows}_${width}`;

function outerProduct(rows: number, width: number): WasmFunction {
  const vectors = Math.ceil(width / 4);
  const load = width === 1 ? v128.loadSplat : v128.load;
  const store = (address: Code, offset: number, value: Code) =>
    width === 1 ? v128.storeLane32(address, value) : v128.store(address, offset, value);
  const tile = Array.from({ length: rows * vectors }, (_, at) => ({
    name: `acc${at}`,
    row: Math.floor(at / vectors),
    vector: at % vectors,
  }));
  const names = ['a', 'b', 'out', 'tiles', 'lines', 'pixels', 'aPixel', 'bPixel', 'aLine', 'bLine', 'outRow'];
  const counters = ['line', 'pixel', 'pa', 'pb', 'la', 'lb', 'po'];
  const registers = [
    ...tile.map(({ name }) => name),
    ...Array.from({ length: vectors }, (_, at) => `b${at}`),
    'spread',
  ];
  return {
    name: outerProductName(rows, width),
    params: Object.fromEntries(names.map((name) => [name, 'i32' as const])),
    locals: {
      ...Object.fromEntries(counters.map((name) => [name, 'i32' as const])),
      ...Object.fromEntries(registers.map((name) => [name, 'v128' as const])),
    },
    body: ({ get, set, tee }) => {
      const advance = (name: string, by: Code) => set(name, i32.add(get(name), by));
      const countDown = (name: string) => tee(name, i32.sub(get(name), i32.const(1)));
      const eachRow = (code: (row: number) => readonly Code[]) => [
        set('po', get('out')),
        ...Array.from({ length: rows }, (_, row) => [...code(row), advance('po', get('outRow'))]).flat(),
      ];
      const ofRow = (row: number) => tile.filter((cell) => cell.row === row);
      const onePixel = [
        ...Array.from({ length: vectors }, (_, at) => set(`b${at}`, load(get('pb'), 16 * at))),
        ...Array.from({ length: rows }, (_, row) => [
          set('spread', v128.loadSplat(get('pa'), 4 * row)),
          ...ofRow(row).map(({ name, vector }) =>
            set(name, f32x4.add(get(name), f32x4.mul(get('spread'), get(`b${vector}`)))),
          ),
        ]).flat(),
        advance('pa', get('aPixel')),
        advance('pb', get('bPixel')),
      ];
      const oneLine = [
        set('pa', get('la')),
        set('pb', get('lb')),
        set('pixel', get('pixels')),
        repeatWhile(onePixel, countDown('pixel')),
        advance('la', get('aLine')),
        advance('lb', get('bLine')),
      ];
      const oneTile = [
        ...eachRow((row) => ofRow(row).map(({ name, vector }) => set(name, load(get('po'), 16 * vector)))),
        set('la', get('a')),
        set('lb', get('b')),
        set('line', get('lines')),
        repeatWhile(oneLine, countDown('line')),
        ...eachRow((row) => ofRow(row).map(({ name, vector }) => store(get('po'), 16 * vector, get(name)))),
        set('out', get('po')),
        advance('a', i32.const(4 * rows)),
      ];
      return [repeatWhile(oneTile, countDown('tiles'))];
    },
  };
}

/** All tile shapes. */
export const outerProducts: readonly WasmFunction[] = tileWidths.flatMap((width) =>
  Array.from({ length: MAX_TILE_ROWS }, (_, at) => outerProduct(at + 1, width)),
);
