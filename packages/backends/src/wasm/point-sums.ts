/**
 * The sums of a Winograd filter gradient: `sums[point, ci, co] += sum over tiles of v[tile, point, ci] * z[tile, point, co]`, for all points in one call.
 *
 * A part of the sums stays in registers while the tiles pass: 4 input channels times 8 or 4 output channels.
 */
import { type Code, f32x4, i32, type LocalAccess, repeatWhile, v128, type WasmFunction, when } from './assembler.js';

/** The export. */
export const pointSumsName = 'pointSums';

const ROWS = [0, 1, 2, 3] as const;
const typed = <Type extends string>(names: readonly string[], type: Type) =>
  Object.fromEntries(names.map((name) => [name, type]));

/**
 * Arguments, all int32, strides in bytes: `v`, `z`, `sums`; `tiles`; `points`; `rows`: input channels in fours; `eights` and `fours`: how many times 8 and then 4
 * output channels there are; strides of a tile in `v` and `z`; `inPixel` and `outPixel`: all input and all output channels; `gap`:
 * bytes between points of `sums`.
 */
const parameters = [
  ...['v', 'z', 'sums', 'tiles', 'points', 'rows', 'eights', 'fours'],
  ...['vTile', 'zTile', 'inPixel', 'outPixel', 'gap'],
] as const;

/** Four input channels times `width` output channels of one point. */
function oneCell({ get, set, tee }: LocalAccess, width: number): readonly Code[] {
  const vectors = Array.from({ length: width / 4 }, (_, at) => at);
  const sum = (row: number, vector: number) => `sum${row}_${vector}`;
  const advance = (name: string, by: Code) => set(name, i32.add(get(name), by));
  const countDown = (name: string) => tee(name, i32.sub(get(name), i32.const(1)));
  const eachRow = (code: (row: number) => readonly Code[]) => [
    set('at', get('sumsAt')),
    ...ROWS.flatMap((row) => [...code(row), advance('at', get('outPixel'))]),
  ];
  const oneTile = [
    ...vectors.map((vector) => set(`z${vector}`, v128.load(get('pz'), 16 * vector))),
    ...ROWS.flatMap((row) => [
      set('spread', v128.loadSplat(get('pv'), 4 * row)),
      ...vectors.map((vector) => {
        const product = f32x4.mul(get('spread'), get(`z${vector}`));
        return set(sum(row, vector), f32x4.add(get(sum(row, vector)), product));
      }),
    ]),
    advance('pv', get('vTile')),
    advance('pz', get('zTile')),
  ];
  return [
    ...eachRow((row) => vectors.map((vector) => set(sum(row, vector), v128.load(get('at'), 16 * vector)))),
    set('pv', get('vAt')),
    set('pz', get('zAt')),
    set('n', get('tiles')),
    repeatWhile(oneTile, countDown('n')),
    ...eachRow((row) => vectors.map((vector) => v128.store(get('at'), 16 * vector, get(sum(row, vector))))),
    advance('zAt', i32.const(4 * width)),
    advance('sumsAt', i32.const(4 * width)),
  ];
}

/** The function of this file. */
export const pointSums: WasmFunction = {
  name: pointSumsName,
  params: typed(parameters, 'i32'),
  locals: {
    ...typed(['vAt', 'zAt', 'sumsAt', 'at', 'pv', 'pz', 'n', 'row', 'strip'], 'i32'),
    ...typed(
      ROWS.flatMap((row) => [`sum${row}_0`, `sum${row}_1`]),
      'v128',
    ),
    ...typed(['z0', 'z1', 'spread'], 'v128'),
  },
  body: (access) => {
    const { get, set, tee } = access;
    const advance = (name: string, by: Code) => set(name, i32.add(get(name), by));
    const countDown = (name: string) => tee(name, i32.sub(get(name), i32.const(1)));
    const strips = (count: string, width: number) =>
      when(get(count), [set('strip', get(count)), repeatWhile(oneCell(access, width), countDown('strip'))]);
    const oneRow = [
      set('zAt', get('z')),
      set('sumsAt', get('sums')),
      strips('eights', 8),
      strips('fours', 4),
      advance('vAt', i32.const(16)),
      advance('sums', i32.mul(get('outPixel'), i32.const(4))),
    ];
    const onePoint = [
      set('vAt', get('v')),
      set('row', get('rows')),
      repeatWhile(oneRow, countDown('row')),
      advance('v', get('inPixel')),
      advance('z', get('outPixel')),
      advance('sums', get('gap')),
    ];
    return [repeatWhile(onePoint, countDown('points'))];
  },
};
