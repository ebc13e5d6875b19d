/**
 * One pass over matrices whose columns have constants of their own (a quantizer's step, a slope, a mean), with sums over each column on the way.
 *
 * Two vectors of columns are done at a time, down a block of rows that fits the first-level cache, with their constants and sums in registers. A block's sums are
 * made in float32 and added to the totals in float64.
 */
import { type Code, f32x4, f64x2, i32, type LocalAccess, repeatWhile, v128, type WasmFunction } from './assembler.js';

/** Columns that are done at a time: the number of columns must be a multiple of it. */
export const COLUMN_BLOCK = 8;

/** What the code of one vector may use; reading needs no order, writing happens where the code says. */
export interface ColumnAccess extends LocalAccess {
  /** The vector of a matrix that is read. */
  readonly load: (matrix: string) => Code;
  /** Writes the vector of a matrix. */
  readonly store: (matrix: string, value: Code) => Code;
  /** The constant of each column. */
  readonly constant: (name: string) => Code;
  /** Adds to a sum of each column. */
  readonly addTo: (sum: string, term: Code) => Code;
}

/** A pass. All names must differ. */
export interface ColumnFunction {
  readonly name: string;
  /** Matrices that are read. */
  readonly from: readonly string[];
  /** Matrices that are written. */
  readonly to: readonly string[];
  /** Constants of the columns. */
  readonly columns: readonly string[];
  /** Numbers that are the same everywhere; in the code of a vector, locals of four equal floats. */
  readonly numbers: readonly string[];
  /** Sums over each column. */
  readonly sums: readonly string[];
  /** Further locals of a vector each. */
  readonly scratch: readonly string[];
  /** The code for one vector. */
  readonly body: (access: ColumnAccess) => readonly Code[];
}

const typed = <Type extends string>(names: readonly string[], type: Type) =>
  Object.fromEntries(names.map((name) => [name, type]));
const at = (name: string) => `${name} at`;
const of = (name: string, k: number) => `${name} ${k}`;

/**
 * The function. Arguments: the addresses of `from`, of `to`, of `columns`, each as many floats as there are columns, and of the totals: for each sum one double for
 * each column; rows (not 0), bytes of a row, rows of a block; then `numbers`.
 */
export function columnFunction(pass: ColumnFunction): WasmFunction {
  const { from, to, columns, numbers, sums } = pass;
  const matrices = [...from, ...to];
  const pair = (names: readonly string[]) => names.flatMap((name) => [of(name, 0), of(name, 1)]);
  return {
    name: pass.name,
    params: {
      ...typed([...matrices, ...columns, 'totals', 'rows', 'row', 'block'], 'i32'),
      ...typed(
        numbers.map((name) => `${name} given`),
        'f32',
      ),
    },
    locals: {
      ...typed(['count', 'column', 'n', 'totalsAt', ...matrices.map(at)], 'i32'),
      ...typed([...numbers, ...pair(columns), ...pair(sums), ...pass.scratch], 'v128'),
    },
    body: (access) => {
      const { get, set, tee } = access;
      const advance = (name: string, by: Code) => set(name, i32.add(get(name), by));
      const countDown = (name: string) => tee(name, i32.sub(get(name), i32.const(1)));
      const vector = (k: number): ColumnAccess => ({
        ...access,
        load: (name) => v128.load(get(at(name)), 16 * k),
        store: (name, value) => v128.store(get(at(name)), 16 * k, value),
        constant: (name) => get(of(name, k)),
        addTo: (name, term) => set(of(name, k), f32x4.add(get(of(name, k)), term)),
      });
      const oneRow = [
        ...pass.body(vector(0)),
        ...pass.body(vector(1)),
        ...matrices.map((name) => advance(at(name), get('row'))),
      ];
      const blockOfColumns = [
        ...columns.flatMap((name) =>
          [0, 1].map((k) => set(of(name, k), v128.load(i32.add(get(name), get('column')), 16 * k))),
        ),
        ...matrices.map((name) => set(at(name), i32.add(get(name), get('column')))),
        set('n', get('count')),
        repeatWhile(oneRow, countDown('n')),
        set('totalsAt', i32.add(get('totals'), i32.add(get('column'), get('column')))),
        ...sums.flatMap((name) => [...addToTotals(access, name), advance('totalsAt', i32.add(get('row'), get('row')))]),
        advance('column', i32.const(4 * COLUMN_BLOCK)),
      ];
      const blockOfRows = [
        set('count', i32.minS(get('rows'), get('block'))),
        set('column', i32.const(0)),
        repeatWhile(blockOfColumns, i32.ne(get('column'), get('row'))),
        ...matrices.map((name) => advance(name, i32.mul(get('count'), get('row')))),
      ];
      return [
        ...numbers.map((name) => set(name, f32x4.splat(get(`${name} given`)))),
        repeatWhile(blockOfRows, tee('rows', i32.sub(get('rows'), get('count')))),
      ];
    },
  };
}

/** Adds the two vectors of a sum to their totals, and clears them. */
function addToTotals({ get, set }: LocalAccess, sum: string): readonly Code[] {
  return [0, 1].flatMap((k) => {
    const floats = get(of(sum, k));
    const halves = [f64x2.fromLowFloats(floats), f64x2.fromHighFloats(floats)].map((pair, half) => {
      const offset = 32 * k + 16 * half;
      return v128.store(get('totalsAt'), offset, f64x2.add(v128.load(get('totalsAt'), offset), pair));
    });
    return [...halves, set(of(sum, k), v128.zero())];
  });
}
