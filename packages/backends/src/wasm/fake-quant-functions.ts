/**
 * Fake quantization and its surrogate gradient, each in one pass over memory.
 *
 * `v = clamp(nearestLevel(x * ratio) + z, qmin, qmax) - z`, the product rounded to float32; an estimator sees `r = x * ratio + z`.
 */
import { type Code, f32x4, v128 } from './assembler.js';
import type { ColumnAccess, ColumnFunction } from './column-functions.js';

/** What decides the code: distance between levels, and whether there is a zero point. */
export interface FakeQuantVariant {
  readonly spacing: 1 | 2;
  readonly zeroPoint: 'none' | 'given';
}
/** `clipped`: 1 inside the range and on its ends, 0 outside; `identity`: 1. */
export type Surrogate = 'clipped' | 'identity';

const isAffine = ({ zeroPoint }: FakeQuantVariant) => zeroPoint === 'given';
const nameOf = ({ spacing, zeroPoint }: FakeQuantVariant) => `fakeQuant_${spacing}_${zeroPoint}`;

const productOf = ({ constant }: ColumnAccess, x: Code): Code => f32x4.mul(x, constant('ratio'));

const clamped = ({ get }: ColumnAccess, r: Code) => f32x4.pmin(f32x4.pmax(r, get('qmin')), get('qmax'));

/** Sets the local `level` to `v`, from the product in the local `r`. */
function setValue(access: ColumnAccess, variant: FakeQuantVariant): Code {
  const { get, set, constant } = access;
  if (!isAffine(variant))
    return [...set('level', clamped(access, get('r'))), ...set('level', levelOf(access, variant, 'level'))];
  const zero = constant('zero');
  return [
    ...set('level', f32x4.add(levelOf(access, variant, 'r'), zero)),
    ...set('level', f32x4.sub(clamped(access, get('level')), zero)),
  ];
}

/** The level nearest to a local. */
function levelOf({ get, set }: ColumnAccess, { spacing }: FakeQuantVariant, r: string): Code {
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

const shared = (variant: FakeQuantVariant) => ({
  columns: isAffine(variant) ? ['ratio', 'zero'] : ['ratio'],
  // Constants as numbers: the compiler would make those in the code anew for each vector.
  numbers: ['qmin', 'qmax', ...(variant.spacing === 2 ? ['oneHalf', 'one'] : [])],
  scratch: ['x value', 'r', 'q', 'level', 'dq', 'dr', 'half', 'index'],
});

/** `x` to `v`. */
export const fakeQuantPass = (variant: FakeQuantVariant): ColumnFunction => ({
  name: nameOf(variant),
  from: ['x'],
  to: ['v'],
  sums: [],
  ...shared(variant),
  body: (access) => [
    access.set('r', productOf(access, access.load('x'))),
    setValue(access, variant),
    access.store('v', access.get('level')),
  ],
});

/** `x` and `dv` to `dx`, with the sums of `dr * x`, `dr * v` and `dr - dv`. */
export const fakeQuantGradPass = (variant: FakeQuantVariant, surrogate: Surrogate): ColumnFunction => ({
  name: `${nameOf(variant)}_${surrogate}`,
  from: ['x', 'dv'],
  to: ['dx'],
  sums: ['byValue', 'byLevel', 'byZero'],
  ...shared(variant),
  body: (access) => {
    const { get, set, tee, load, store, constant, addTo } = access;
    // All bits of a NaN are set where r is one, so that it cannot hide.
    const blocked = v128.or(v128.andNot(get('dq'), f32x4.ne(get('r'), get('q'))), f32x4.ne(get('r'), get('r')));
    return [
      set('r', productOf(access, tee('x value', load('x')))),
      setValue(access, variant),
      ...(isAffine(variant) ? [set('r', f32x4.add(get('r'), constant('zero')))] : []),
      set('q', clamped(access, get('r'))),
      set('dq', load('dv')),
      set('dr', surrogate === 'clipped' ? blocked : get('dq')),
      store('dx', f32x4.mul(get('dr'), constant('ratio'))),
      addTo('byValue', f32x4.mul(get('dr'), get('x value'))),
      addTo('byLevel', f32x4.mul(get('dr'), get('level'))),
      addTo('byZero', f32x4.sub(get('dr'), get('dq'))),
    ];
  },
});

const variants: readonly FakeQuantVariant[] = ([1, 2] as const).flatMap((spacing) =>
  (['none', 'given'] as const).map((zeroPoint) => ({ spacing, zeroPoint })),
);

/** The passes of this file. */
export const fakeQuantPasses: readonly ColumnFunction[] = variants.flatMap((variant) => [
  fakeQuantPass(variant),
  ...(['clipped', 'identity'] as const).map((surrogate) => fakeQuantGradPass(variant, surrogate)),
]);
