/**
 * The matrix products of a Winograd convolution: `product[tile, point, co] = sum over ci of v[tile, point, ci] * u[point, ci, co]`, for all points in one call.
 *
 * A part of the product stays in registers: 4 tiles times 8 or 4 adjacent output channels.
 */
import { type Code, f32x4, i32, type LocalAccess, repeatWhile, v128, type WasmFunction, when } from './assembler.js';

/** Tiles that are done at a time: their number must be a multiple of it. */
export const PRODUCT_TILES = 4;

/** The export. */
export const pointProductsName = 'pointProducts';

const typed = <Type extends string>(names: readonly string[], type: Type) =>
  Object.fromEntries(names.map((name) => [name, type]));

/**
 * Arguments, all int32, strides in bytes: `v`, `u`, `product`; `groups` of four tiles; `points`; `taps`: input channels; `eights` and `fours`: how many times
 * 8 and then 4 output channels there are; `pixel`: all output channels; strides of a point in `u` and of a tile in `product`.
 */
const parameters = [
  ...['v', 'u', 'product', 'groups', 'points', 'taps', 'eights', 'fours'],
  ...['pixel', 'uPoint', 'productTile'],
] as const;

/** All tiles of one point times `width` output channels. */
function channels({ get, set, tee }: LocalAccess, width: number, vTile: number): readonly Code[] {
  const vectors = Array.from({ length: width / 4 }, (_, at) => at);
  const tiles = Array.from({ length: PRODUCT_TILES }, (_, at) => at);
  const sum = (tile: number, vector: number) => `sum${tile}_${vector}`;
  const cells = tiles.flatMap((tile) => vectors.map((vector) => sum(tile, vector)));
  const advance = (name: string, by: Code) => set(name, i32.add(get(name), by));
  const countDown = (name: string) => tee(name, i32.sub(get(name), i32.const(1)));
  const oneTap = [
    ...vectors.map((vector) => set(`w${vector}`, v128.load(get('pu'), 16 * vector))),
    ...tiles.flatMap((tile) => [
      set('spread', v128.loadSplat(get('pv'), tile * vTile)),
      ...vectors.map((vector) => {
        const product = f32x4.mul(get('spread'), get(`w${vector}`));
        return set(sum(tile, vector), f32x4.add(get(sum(tile, vector)), product));
      }),
    ]),
    advance('pu', get('pixel')),
    advance('pv', i32.const(4)),
  ];
  const oneGroup = [
    ...cells.map((name) => set(name, v128.zero())),
    set('pv', get('vGroup')),
    set('pu', get('uAt')),
    set('tap', get('taps')),
    // Not unrolled: the compiler then keeps all sums in registers.
    repeatWhile(oneTap, countDown('tap')),
    ...tiles.flatMap((tile) => [
      ...vectors.map((vector) => v128.store(get('to'), 16 * vector, get(sum(tile, vector)))),
      advance('to', get('productTile')),
    ]),
    advance('vGroup', i32.const(PRODUCT_TILES * vTile)),
  ];
  return [
    set('vGroup', get('v')),
    set('to', get('productAt')),
    set('group', get('groups')),
    repeatWhile(oneGroup, countDown('group')),
    advance('uAt', i32.const(4 * width)),
    advance('productAt', i32.const(4 * width)),
  ];
}

/**
 * The function for tiles that lie `vTile` bytes apart in `v`. The distance is part of the code, so that tiles are reached by constant offsets from one pointer,
 * which leaves more registers to the sums.
 */
export const pointProducts = (vTile: number): WasmFunction => ({
  name: pointProductsName,
  params: typed(parameters, 'i32'),
  locals: {
    ...typed(['uAt', 'productAt', 'vGroup', 'to', 'group', 'tap', 'pv', 'pu', 'strip'], 'i32'),
    ...typed(
      [0, 1, 2, 3].flatMap((tile) => [`sum${tile}_0`, `sum${tile}_1`]),
      'v128',
    ),
    ...typed(['w0', 'w1', 'spread'], 'v128'),
  },
  body: (access) => {
    const { get, set, tee } = access;
    const advance = (name: string, by: Code) => set(name, i32.add(get(name), by));
    const countDown = (name: string) => tee(name, i32.sub(get(name), i32.const(1)));
    const strips = (count: string, width: number) =>
      when(get(count), [set('strip', get(count)), repeatWhile(channels(access, width, vTile), countDown('strip'))]);
    const onePoint = [
      set('uAt', get('u')),
      set('productAt', get('product')),
      strips('eights', 8),
      strips('fours', 4),
      advance('v', i32.mul(get('taps'), i32.const(4))),
      advance('u', get('uPoint')),
      advance('product', get('pixel')),
    ];
    return [repeatWhile(onePoint, countDown('points'))];
  },
});
