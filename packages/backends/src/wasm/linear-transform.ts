/**
 * Code for small linear transforms `Y = T X T^t` of square tiles of vectors, as Winograd convolutions need them.
 *
 * Matrices of such transforms come in pairs of rows or columns that differ in signs only, one pair for each two points `p` and `-p`. A pair of rows shares its two
 * halves, `e + o` and `e - o`; a pair of columns is added and subtracted once for all rows. This saves about a third of the arithmetic.
 */
import { type Code, f32x4, i32, type LocalAccess, repeatWhile, v128, type WasmFunction } from './assembler.js';

/** Rows of numbers. */
export type Matrix = readonly (readonly number[])[];

/** `sum of factor * code` over the terms that are not 0. */
type Term = readonly [factor: number, code: Code];

const constantName = (factor: number) => `times ${Math.abs(factor)}`;
const isOne = (factor: number) => Math.abs(factor) === 1;

function sumOf({ get }: LocalAccess, terms: readonly Term[]): Code {
  // Positive terms first, so that none needs its sign turned.
  const ordered = [...terms].sort(([a], [b]) => Math.sign(b) - Math.sign(a));
  const scaled = ([factor, code]: Term) => (isOne(factor) ? code : f32x4.mul(code, get(constantName(factor))));
  const [head, ...rest] = ordered as [Term, ...Term[]];
  if (!head) return v128.zero();
  const start = head[0] < 0 ? f32x4.sub(v128.zero(), scaled(head)) : scaled(head);
  return rest.reduce((sum, term) => (term[0] < 0 ? f32x4.sub : f32x4.add)(sum, scaled(term)), start);
}

/** Whether `b` equals `a` but for signs, with both kinds of signs. */
function isPair(a: readonly number[], b: readonly number[]): boolean {
  const used = a.map((factor, at) => [factor, b[at] as number] as const).filter(([x, y]) => x !== 0 || y !== 0);
  return used.every(([x, y]) => Math.abs(x) === Math.abs(y)) && new Set(used.map(([x, y]) => x === y)).size === 2;
}

/** Whether column `at + 1` equals column `at` but for the signs of whole rows. */
const isColumnPair = (matrix: Matrix, at: number) =>
  at + 1 < (matrix[0]?.length ?? 0) &&
  isPair(
    matrix.map((row) => row[at] as number),
    matrix.map((row) => row[at + 1] as number),
  );

/** Adds and subtracts pairs of columns into scratch locals: the matrix and inputs that are left. */
function foldColumns(access: LocalAccess, matrix: Matrix, inputs: readonly string[]) {
  const { get, set } = access;
  const code: Code[] = [];
  const left: { readonly column: readonly number[]; readonly name: string }[] = [];
  for (let at = 0; at < inputs.length; at++) {
    const column = matrix.map((row) => row[at] as number);
    const name = inputs[at] as string;
    if (!isColumnPair(matrix, at)) {
      left.push({ column, name });
      continue;
    }
    const other = inputs[at + 1] as string;
    const isSame = (row: readonly number[]) => row[at] === row[at + 1];
    const only = (kept: (row: readonly number[]) => boolean) =>
      matrix.map((row) => (kept(row) ? (row[at] as number) : 0));
    code.push(set('spare', f32x4.sub(get(name), get(other))), set(name, f32x4.add(get(name), get(other))));
    code.push(set(other, get('spare')));
    left.push({ column: only(isSame), name }, { column: only((row) => !isSame(row)), name: other });
    at++;
  }
  const folded = matrix.map((_, row) => left.map(({ column }) => column[row] as number));
  return { code, folded, names: left.map(({ name }) => name) };
}

/** `outputs = matrix * inputs`, all locals; the inputs are used up. Needs the locals of {@link transformLocals}. */
function linear(access: LocalAccess, matrix: Matrix, inputs: readonly string[], outputs: readonly string[]): Code[] {
  const { get, set } = access;
  const { code, folded, names } = foldColumns(access, matrix, inputs);
  const terms = (row: readonly number[], kept: (at: number) => boolean): Term[] =>
    names.flatMap((name, at): Term[] => (row[at] && kept(at) ? [[row[at], get(name)]] : []));
  for (let at = 0; at < folded.length; at++) {
    const row = folded[at] as readonly number[];
    const next = folded[at + 1];
    const output = outputs[at] as string;
    if (!next || !isPair(row, next)) {
      code.push(
        set(
          output,
          sumOf(
            access,
            terms(row, () => true),
          ),
        ),
      );
      continue;
    }
    const same = sumOf(
      access,
      terms(row, (column) => row[column] === next[column]),
    );
    const turned = sumOf(
      access,
      terms(row, (column) => row[column] !== next[column]),
    );
    code.push(set('spare', same), set('spare2', turned));
    code.push(set(output, f32x4.add(get('spare'), get('spare2'))));
    code.push(set(outputs[at + 1] as string, f32x4.sub(get('spare'), get('spare2'))));
    at++;
  }
  return code;
}

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, at) => `${prefix}${at}`);
const typed = <Type extends string>(keys: readonly string[], type: Type) =>
  Object.fromEntries(keys.map((key) => [key, type]));
/** The factors that need a constant. */
const factorsOf = (matrix: Matrix) => [
  ...new Set(
    matrix
      .flat()
      .map(Math.abs)
      .filter((factor) => factor !== 0 && factor !== 1),
  ),
];

/**
 * `Y = T X T^t` on tiles side by side, four channels at a time; `T` is `p x q`, `X` `q x q`, `Y` `p x p`.
 *
 * Arguments: `from`, `to`; bytes from one row and one column of a tile to the next, and from one tile to the next, of each; `tiles`; `vectors` of four
 * channels that lie side by side. Neither count may be 0.
 */
export function tileTransform(name: string, matrix: Matrix): WasmFunction {
  const [p, q] = [matrix.length, (matrix[0] as readonly number[]).length];
  const inputs = names('x', q);
  const outputs = names('y', p);
  const between = (row: number, column: number) => `t${row}_${column}`;
  const all = names('t', p).flatMap((row) => names(`${row}_`, q));
  const strides = ['Row', 'Column', 'Tile'].flatMap((stride) => [`from${stride}`, `to${stride}`]);
  return {
    name,
    params: typed(['from', 'to', ...strides, 'tiles', 'vectors'], 'i32'),
    locals: {
      ...typed(['at', 'line', 'fromAt', 'toAt', 'n'], 'i32'),
      ...typed([...inputs, ...outputs, ...all, ...factorsOf(matrix).map(constantName), 'spare', 'spare2'], 'v128'),
    },
    body: (access) => {
      const { get, set, tee } = access;
      const advance = (local: string, by: Code) => set(local, i32.add(get(local), by));
      const countDown = (local: string) => tee(local, i32.sub(get(local), i32.const(1)));
      const columns = inputs.flatMap((_, column) => [
        set('at', get('line')),
        ...inputs.flatMap((input) => [set(input, v128.load(get('at'), 0)), advance('at', get('fromRow'))]),
        ...linear(
          access,
          matrix,
          inputs,
          outputs.map((_, row) => between(row, column)),
        ),
        advance('line', get('fromColumn')),
      ]);
      const rows = outputs.flatMap((_, row) => [
        ...linear(
          access,
          matrix,
          inputs.map((_, column) => between(row, column)),
          outputs,
        ),
        set('at', get('line')),
        ...outputs.flatMap((output) => [v128.store(get('at'), 0, get(output)), advance('at', get('toColumn'))]),
        advance('line', get('toRow')),
      ]);
      const oneVector = [
        set('line', get('fromAt')),
        ...columns,
        set('line', get('toAt')),
        ...rows,
        advance('fromAt', i32.const(16)),
        advance('toAt', i32.const(16)),
      ];
      const oneTile = [
        set('fromAt', get('from')),
        set('toAt', get('to')),
        set('n', get('vectors')),
        repeatWhile(oneVector, countDown('n')),
        advance('from', get('fromTile')),
        advance('to', get('toTile')),
      ];
      return [
        ...factorsOf(matrix).map((factor) => set(constantName(factor), f32x4.const(factor))),
        repeatWhile(oneTile, countDown('tiles')),
      ];
    },
  };
}
