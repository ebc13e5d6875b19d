/**
 * Sums over the rows of a matrix: `out[c] += sum over rows of x[row, c]`, for 16, 4 or 1 adjacent columns.
 */
import { f32x4, i32, repeatWhile, v128, type WasmFunction } from './assembler.js';

/** Columns that one call sums, widest first. */
export const columnWidths = [16, 4, 1] as const;

/** The export for that many columns. */
export const columnSumName = (width: number) => `columnSum_${width}`;

/** Arguments: `x`, `out`, `rows`, bytes of a row of `x`. */
function columnSum(width: number): WasmFunction {
  const sums = Array.from({ length: Math.ceil(width / 4) }, (_, at) => `sum${at}`);
  return {
    name: columnSumName(width),
    params: { x: 'i32', out: 'i32', rows: 'i32', row: 'i32' },
    locals: Object.fromEntries(sums.map((name) => [name, 'v128' as const])),
    body: ({ get, set, tee }) => {
      const load = width === 1 ? v128.loadSplat : v128.load;
      const add = (address: string) =>
        sums.map((name, at) => set(name, f32x4.add(get(name), load(get(address), 16 * at))));
      return [
        repeatWhile(
          [...add('x'), set('x', i32.add(get('x'), get('row')))],
          tee('rows', i32.sub(get('rows'), i32.const(1))),
        ),
        ...add('out'),
        ...sums.map((name, at) =>
          width === 1 ? v128.storeLane32(get('out'), get(name)) : v128.store(get('out'), 16 * at, get(name)),
        ),
      ];
    },
  };
}

/** The functions of this file. */
export const columnSums: readonly WasmFunction[] = columnWidths.map(columnSum);
