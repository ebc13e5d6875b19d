/**
 * Elementwise functions on matrices of `rows` x `cols` values, four at a time, operands broadcast along rows or columns.
 *
 * Arguments of every function: `out`, `outRow`, `rows`, `cols`, then for each operand its address and the bytes from one of its rows to the next (0 repeats
 * the row), then `alpha` where the function has one. `cols` may be any number from 1; `outRow` is in bytes.
 */
import { type Code, f32x4, i32, mask, repeatWhile, v128, type WasmFunction, when } from './assembler.js';

/** How an operand lies: `vector`: one value for each column; `splat`: one for the whole row. */
export type Layout = 'vector' | 'splat';
/** What a value is: a float, or a boolean, one byte in memory and a mask in expressions. */
type Element = 'f32' | 'bool';

interface Elementwise {
  readonly from: readonly Element[];
  readonly to: Element;
  readonly hasAlpha?: true;
  /** The result for one vector from the operands and, last, alpha. */
  readonly of: (...operands: Code[]) => Code;
}

const arithmetic = (of: (a: Code, b: Code) => Code): Elementwise => ({ from: ['f32', 'f32'], to: 'f32', of });
const comparison = (of: (a: Code, b: Code) => Code): Elementwise => ({ from: ['f32', 'f32'], to: 'bool', of });
const logic = (of: (a: Code, b: Code) => Code): Elementwise => ({ from: ['bool', 'bool'], to: 'bool', of });

/** All functions by name; binary ones and `copy` exist for every mix of layouts, see {@link elementwiseName}. */
const table = {
  copy: { from: ['f32'], to: 'f32', of: (x: Code) => x },
  sqrt: { from: ['f32'], to: 'f32', of: f32x4.sqrt },
  leakyRelu: {
    from: ['f32'],
    to: 'f32',
    hasAlpha: true,
    of: (x: Code, alpha: Code) => v128.select(x, f32x4.mul(alpha, x), f32x4.gt(x, v128.zero())),
  },
  add: arithmetic(f32x4.add),
  sub: arithmetic(f32x4.sub),
  mul: arithmetic(f32x4.mul),
  div: arithmetic(f32x4.div),
  prelu: arithmetic((x, alpha) => v128.select(f32x4.mul(x, alpha), x, f32x4.lt(x, v128.zero()))),
  max: arithmetic(f32x4.max),
  min: arithmetic(f32x4.min),
  equal: comparison(f32x4.eq),
  notEqual: comparison(f32x4.ne),
  less: comparison(f32x4.lt),
  lessEqual: comparison(f32x4.le),
  greater: comparison(f32x4.gt),
  greaterEqual: comparison(f32x4.ge),
  and: logic(v128.and),
  or: logic(v128.or),
  select: { from: ['bool', 'f32', 'f32'], to: 'f32', of: (lanes: Code, t: Code, e: Code) => v128.select(t, e, lanes) },
} as const satisfies Record<string, Elementwise>;

/** Name of an elementwise function. */
export type ElementwiseName = keyof typeof table;

/** The export for operands of these layouts. */
export const elementwiseName = (name: ElementwiseName, layouts: readonly Layout[]) => `${name}_${layouts.join('_')}`;

/** Bytes of one value. */
const bytesOf = (element: Element) => (element === 'bool' ? 1 : 4);

function loadValues(element: Element, address: Code, isSingle: boolean): Code {
  if (element === 'bool') return mask.fromBytes((isSingle ? v128.loadSplat8 : v128.loadZero32)(address, 0));
  return (isSingle ? v128.loadSplat : v128.load)(address, 0);
}

function storeValues(element: Element, address: Code, value: Code, isSingle: boolean): Code {
  if (element === 'bool') {
    return (isSingle ? v128.storeLane8 : v128.storeLane32)(address, mask.toBytes(value));
  }
  return isSingle ? v128.storeLane32(address, value) : v128.store(address, 0, value);
}

function elementwise(name: ElementwiseName, layouts: readonly Layout[]): WasmFunction {
  const { from, to, of, hasAlpha }: Elementwise = table[name];
  const operands = from.map((element, at) => ({
    element,
    isSplat: layouts[at] === 'splat',
    base: `in${at}`,
    row: `row${at}`,
    at: `at${at}`,
    value: `value${at}`,
  }));
  const typed = <Type extends string>(names: readonly string[], type: Type) =>
    Object.fromEntries(names.map((key) => [key, type]));
  return {
    name: elementwiseName(name, layouts),
    params: {
      ...typed(['out', 'outRow', 'rows', 'cols', ...operands.flatMap(({ base, row }) => [base, row])], 'i32'),
      ...(hasAlpha ? { alpha: 'f32' } : {}),
    },
    locals: {
      ...typed(['n', 'to', ...operands.map(({ at }) => at)], 'i32'),
      ...typed(['alphas', 'result', ...operands.map(({ value }) => value)], 'v128'),
    },
    body: ({ get, set, tee }) => {
      const advance = (local: string, by: Code) => set(local, i32.add(get(local), by));
      const splats = operands.filter(({ isSplat }) => isSplat);
      const vectors = operands.filter(({ isSplat }) => !isSplat);
      const inputs = [...operands.map(({ value }) => get(value)), ...(hasAlpha ? [get('alphas')] : [])];
      const step = (count: 1 | 4) => [
        ...vectors.map(({ element, at, value }) => set(value, loadValues(element, get(at), count === 1))),
        set('result', of(...inputs)),
        storeValues(to, get('to'), get('result'), count === 1),
        ...vectors.map(({ element, at }) => advance(at, i32.const(count * bytesOf(element)))),
        advance('to', i32.const(count * bytesOf(to))),
      ];
      const enough = i32.geS(get('n'), i32.const(4));
      const oneRow = [
        ...splats.map(({ element, base, value }) => set(value, loadValues(element, get(base), true))),
        ...vectors.map(({ at, base }) => set(at, get(base))),
        set('to', get('out')),
        set('n', get('cols')),
        when(enough, [repeatWhile([...step(4), advance('n', i32.const(-4))], enough)]),
        when(get('n'), [repeatWhile(step(1), tee('n', i32.sub(get('n'), i32.const(1))))]),
        ...operands.map(({ base, row }) => advance(base, get(row))),
        advance('out', get('outRow')),
      ];
      return [
        ...(hasAlpha ? [set('alphas', f32x4.splat(get('alpha')))] : []),
        repeatWhile(oneRow, tee('rows', i32.sub(get('rows'), i32.const(1)))),
      ];
    },
  };
}

function layoutsOf(name: ElementwiseName): readonly (readonly Layout[])[] {
  if (name === 'copy') return [['vector'], ['splat']];
  const { from }: Elementwise = table[name];
  if (from.length !== 2) return [from.map(() => 'vector' as const)];
  return [
    ['vector', 'vector'],
    ['vector', 'splat'],
    ['splat', 'vector'],
  ];
}

/** The functions of this file. */
export const elementwiseFunctions: readonly WasmFunction[] = (Object.keys(table) as ElementwiseName[]).flatMap((name) =>
  layoutsOf(name).map((layouts) => elementwise(name, layouts)),
);
