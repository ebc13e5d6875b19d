/**
 * Fake quantization and its surrogate gradient, each in one pass over memory.
 *
 * Values are a matrix whose columns have a ratio and a zero point each: `v = clamp(nearestLevel(x * ratio) + z, qmin, qmax) - z`, the product rounded to float32; an
 * estimator sees `r = x * ratio + z`. Two vectors of columns are done at a time, down a block of rows that fits the first-level cache,
 * with their ratios, zero points and sums in registers.
 */
import { type Code, f32x4, f64x2, i32, type LocalAccess, repeatWhile, v128, type WasmFunction } from './assembler.js';

/** Columns that are done at a time: the number of columns must be a multiple of it. */
export const COLUMN_BLOCK = 8;

/** What decides the code of a function: distance between levels, whether there is a zero point, and for gradients the surrogate. */
export interface FakeQuantVariant {
  readonly spacing: 1 | 2;
  readonly zeroPoint: 'none' | 'given';
}
/** `clipped`: 1 inside the range and on its ends, 0 outside; `identity`: 1. */
export type Surrogate = 'clipped' | 'identity';

/** The export of a forward function. */
export const fakeQuantName = ({ spacing, zeroPoint }: FakeQuantVariant) => `fakeQuant_${spacing}_${zeroPoint}`;
/** The export of a gradient. */
export const fakeQuantGradName = (variant: FakeQuantVariant, surrogate: Surrogate) =>
  `${fakeQuantName(variant)}_${surrogate}`;

const advance = ({ get, set }: LocalAccess, name: string, by: Code) => set(name, i32.add(get(name), by));
const countDown = ({ get, tee }: LocalAccess, name: string) => tee(name, i32.sub(get(name), i32.const(1)));
const typed = <Type extends string>(names: readonly string[], type: Type) =>
  Object.fromEntries(names.map((name) => [name, type]));

/** The level nearest to `r`, a local; uses the locals `half` and `index`. */
function levelOf({ get, set }: LocalAccess, { spacing }: FakeQuantVariant, r: string): Code {
  if (spacing === 1) return f32x4.nearest(get(r));
  // With h = r / 2: 2 * floor(h) + 1, but where h is an integer, between two levels, twice the even one of h - 1 and h, and 1. All of it is exact.
  const isTie = f32x4.eq(get('half'), get('index'));
  return [
    ...set('half', f32x4.mul(get(r), get('oneHalf'))),
    ...set('index', f32x4.floor(get('half'))),
    ...set('index', f32x4.nearest(f32x4.sub(get('index'), v128.and(isTie, get('oneHalf'))))),
    ...f32x4.add(f32x4.add(get('index'), get('index')), get('one')),
  ];
}

const clamped = ({ get }: LocalAccess, r: string) => f32x4.pmin(f32x4.pmax(get(r), get('low')), get('high'));

/** Runs `block` on every block of columns of every block of rows; `pointers` are those of matrices like `x`, each with a copy `<name>At` to be moved. */
function overBlocks(
  access: LocalAccess,
  pointers: readonly string[],
  { zeroPoint }: FakeQuantVariant,
  oneRow: readonly Code[],
  flush: readonly Code[],
): readonly Code[] {
  const { get, set, tee } = access;
  const blockOfColumns = [
    ...[0, 1].map((k) => set(`ratio${k}`, v128.load(i32.add(get('ratio'), get('column')), 16 * k))),
    ...(zeroPoint === 'given'
      ? [0, 1].map((k) => set(`zero${k}`, v128.load(i32.add(get('zero'), get('column')), 16 * k)))
      : []),
    ...pointers.map((name) => set(`${name}At`, i32.add(get(name), get('column')))),
    set('n', get('count')),
    repeatWhile(
      [...oneRow, ...pointers.map((name) => advance(access, `${name}At`, get('row')))],
      countDown(access, 'n'),
    ),
    ...flush,
    advance(access, 'column', i32.const(4 * COLUMN_BLOCK)),
  ];
  const blockOfRows = [
    set('count', i32.minS(get('rows'), get('block'))),
    set('column', i32.const(0)),
    repeatWhile(blockOfColumns, i32.ne(get('column'), get('row'))),
    ...pointers.map((name) => advance(access, name, i32.mul(get('count'), get('row')))),
  ];
  return [
    set('low', f32x4.splat(get('qmin'))),
    set('high', f32x4.splat(get('qmax'))),
    set('oneHalf', f32x4.const(0.5)),
    set('one', f32x4.const(1)),
    repeatWhile(blockOfRows, tee('rows', i32.sub(get('rows'), get('count')))),
  ];
}

/** `x * ratio` of vector `k`. */
const productOf = ({ get }: LocalAccess, x: Code, k: number): Code => f32x4.mul(x, get(`ratio${k}`));

/** Sets the local `level` to the clamped level of the product in the local `product`, vector `k`, less the zero point. */
function setLevel(access: LocalAccess, variant: FakeQuantVariant, product: string, k: number): readonly Code[] {
  const { get, set } = access;
  if (variant.zeroPoint === 'none') {
    return [set('level', clamped(access, product)), set('level', levelOf(access, variant, 'level'))];
  }
  const zero = get(`zero${k}`);
  return [
    set('level', f32x4.add(levelOf(access, variant, product), zero)),
    set('level', f32x4.sub(clamped(access, 'level'), zero)),
  ];
}

const counters = ['count', 'column', 'n'];
const vectors = [
  'fetched',
  'low',
  'high',
  'oneHalf',
  'one',
  'half',
  'index',
  'level',
  ...[0, 1].flatMap((k) => [`ratio${k}`, `zero${k}`]),
];
/** Addresses of the ratio and zero point of each column; rows, bytes of a row, rows of a block; then the ends of the range. */
const shared = ['ratio', 'zero', 'rows', 'row', 'block'];

/** Arguments: `x`, `out`, then {@link shared}, `qmin`, `qmax`. */
const fakeQuant = (variant: FakeQuantVariant): WasmFunction => ({
  name: fakeQuantName(variant),
  params: { ...typed(['x', 'out', ...shared], 'i32'), ...typed(['qmin', 'qmax'], 'f32') },
  locals: { ...typed([...counters, 'xAt', 'outAt'], 'i32'), ...typed([...vectors, 'r0', 'r1'], 'v128') },
  body: (access) => {
    const { get, set } = access;
    const oneRow = [0, 1].flatMap((k) => [
      set(`r${k}`, productOf(access, v128.load(get('xAt'), 16 * k), k)),
      ...setLevel(access, variant, `r${k}`, k),
      v128.store(get('outAt'), 16 * k, get('level')),
    ]);
    return overBlocks(access, ['x', 'out'], variant, oneRow, []);
  },
});

/**
 * Arguments: `x`, `dv`, `dx`, then {@link shared}, `sums`: three rows of one double for each column, `sum(dr * x)`, `sum(dr * v)` and `sum(dr - dv)`, to which
 * those of each block of rows, summed in float32, are added in order; `qmin`, `qmax`.
 */
const fakeQuantGrad = (variant: FakeQuantVariant, surrogate: Surrogate): WasmFunction => {
  const sums = [0, 1].map((k) => [`byValue${k}`, `byLevel${k}`, `byZero${k}`]);
  return {
    name: fakeQuantGradName(variant, surrogate),
    params: { ...typed(['x', 'dv', 'dx', ...shared, 'sums'], 'i32'), ...typed(['qmin', 'qmax'], 'f32') },
    locals: {
      ...typed([...counters, 'xAt', 'dvAt', 'dxAt', 'sumsAt'], 'i32'),
      ...typed([...vectors, ...sums.flat(), 'value', 'r', 'q', 'dq', 'dr'], 'v128'),
    },
    body: (access) => {
      const { get, set, tee } = access;
      const addTo = (name: string, term: Code) => set(name, f32x4.add(get(name), term));
      // All bits of a NaN are set where r is one, so that it cannot hide.
      const blocked = v128.or(v128.andNot(get('dq'), f32x4.ne(get('r'), get('q'))), f32x4.ne(get('r'), get('r')));
      const oneVector = (k: number): readonly Code[] => {
        const [byValue, byLevel, byZero] = sums[k] as [string, string, string];
        return [
          set('r', productOf(access, tee('value', v128.load(get('xAt'), 16 * k)), k)),
          ...setLevel(access, variant, 'r', k),
          ...(variant.zeroPoint === 'given' ? [set('r', f32x4.add(get('r'), get(`zero${k}`)))] : []),
          set('q', clamped(access, 'r')),
          set('dq', v128.load(get('dvAt'), 16 * k)),
          set('dr', surrogate === 'clipped' ? blocked : get('dq')),
          v128.store(get('dxAt'), 16 * k, f32x4.mul(get('dr'), get(`ratio${k}`))),
          addTo(byValue, f32x4.mul(get('dr'), get('value'))),
          addTo(byLevel, f32x4.mul(get('dr'), get('level'))),
          addTo(byZero, f32x4.sub(get('dr'), get('dq'))),
        ];
      };
      const flush = [
        set('sumsAt', i32.add(get('sums'), i32.add(get('column'), get('column')))),
        ...[0, 1, 2].flatMap((at) => [
          ...[0, 1].flatMap((k) => {
            const name = sums[k]?.[at] as string;
            return [f64x2.fromLowFloats(get(name)), f64x2.fromHighFloats(get(name))].map((pair, half) => {
              const offset = 32 * k + 16 * half;
              return v128.store(get('sumsAt'), offset, f64x2.add(v128.load(get('sumsAt'), offset), pair));
            });
          }),
          advance(access, 'sumsAt', i32.add(get('row'), get('row'))),
        ]),
        ...sums.flat().map((name) => set(name, v128.zero())),
      ];
      return overBlocks(access, ['x', 'dv', 'dx'], variant, [0, 1].flatMap(oneVector), flush);
    },
  };
};

const variants: readonly FakeQuantVariant[] = ([1, 2] as const).flatMap((spacing) =>
  (['none', 'given'] as const).map((zeroPoint) => ({ spacing, zeroPoint })),
);

/** The functions of this file. */
export const fakeQuantFunctions: readonly WasmFunction[] = variants.flatMap((variant) => [
  fakeQuant(variant),
  ...(['clipped', 'identity'] as const).map((surrogate) => fakeQuantGrad(variant, surrogate)),
]);
