/**
 * Products of rows with rows: `out[i, j] = sum over k of a[i, k] * b[j, k]`, four values of `k` at a time: what a product with a transposed matrix needs.
 *
 * A tile of `out` stays in registers: up to 4 rows of `a` times up to 2 rows of `b`, each sum in four parts that are added at the end.
 */
import { type Code, f32x4, i32, repeatWhile, v128, type WasmFunction, when } from './assembler.js';

/** Most rows of `a` and of `b` in a tile. */
export const DOT_ROWS = { a: 4, b: 2 } as const;

/** The export that does tiles of `rows` of `a` by `columns` rows of `b`. */
export const dotProductsName = (rows: number, columns: number) => `dots_${rows}_${columns}`;

const typed = <Type extends string>(names: readonly string[], type: Type) =>
  Object.fromEntries(names.map((name) => [name, type]));

/** Arguments, all int32, strides in bytes: `a`, `b`, `out`; `tiles` to do, one after the other in `b`; values of a row; stride of a row in `a` and `b`, and in `out`. */
function dotProducts(rows: number, columns: number): WasmFunction {
  const cells = Array.from({ length: rows * columns }, (_, at) => ({
    name: `sum${at}`,
    row: Math.floor(at / columns),
    column: at % columns,
  }));
  const from = (prefix: string, count: number) => Array.from({ length: count }, (_, at) => `${prefix}${at}`);
  const [left, right] = [from('a', rows), from('b', columns)];
  return {
    name: dotProductsName(rows, columns),
    params: typed(['a', 'b', 'out', 'tiles', 'values', 'row', 'outRow'], 'i32'),
    locals: {
      ...typed([...left.map((name) => `${name} at`), ...right.map((name) => `${name} at`), 'n', 'to'], 'i32'),
      ...typed([...cells.map(({ name }) => name), ...right, 'value'], 'v128'),
    },
    body: ({ get, set, tee }) => {
      const advance = (name: string, by: Code) => set(name, i32.add(get(name), by));
      const step = (load: (address: Code, offset: number) => Code, bytes: number) => [
        ...right.map((name) => set(name, load(get(`${name} at`), 0))),
        ...left.flatMap((name, row) => [
          set('value', load(get(`${name} at`), 0)),
          ...cells
            .filter((cell) => cell.row === row)
            .map((cell) => set(cell.name, f32x4.add(get(cell.name), f32x4.mul(get('value'), get(`b${cell.column}`))))),
        ]),
        ...[...left, ...right].map((name) => advance(`${name} at`, i32.const(bytes))),
      ];
      const enough = i32.geS(get('n'), i32.const(4));
      const start = (names: readonly string[], base: string) =>
        names.flatMap((name, at) => [
          set(`${name} at`, at === 0 ? get(base) : i32.add(get(`${names[at - 1] as string} at`), get('row'))),
        ]);
      const oneTile = [
        ...cells.map(({ name }) => set(name, v128.zero())),
        ...start(left, 'a'),
        ...start(right, 'b'),
        set('n', get('values')),
        when(enough, [repeatWhile([...step(v128.load, 16), advance('n', i32.const(-4))], enough)]),
        when(get('n'), [repeatWhile(step(v128.loadZero32, 4), tee('n', i32.sub(get('n'), i32.const(1))))]),
        set('to', get('out')),
        ...left.flatMap((_, row) => [
          ...cells
            .filter((cell) => cell.row === row)
            .map((cell) =>
              v128.storeLane32(i32.add(get('to'), i32.const(4 * cell.column)), f32x4.sumOfLanes(get(cell.name))),
            ),
          advance('to', get('outRow')),
        ]),
        ...right.map(() => advance('b', get('row'))),
        advance('out', i32.const(4 * columns)),
      ];
      return [repeatWhile(oneTile, tee('tiles', i32.sub(get('tiles'), i32.const(1))))];
    },
  };
}

/** All tile shapes. */
export const dotProductFunctions: readonly WasmFunction[] = Array.from(
  { length: DOT_ROWS.a },
  (_, row) => row + 1,
).flatMap((rows) => Array.from({ length: DOT_ROWS.b }, (_, column) => dotProducts(rows, column + 1)));
