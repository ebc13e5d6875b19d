/**
 * Fake quantization and its surrogate gradient, each in one pass over memory.
 *
 * `r = x * ratio + z` (one multiplication, one addition, each rounded to float32), `q` the level nearest to `clamp(r, qmin, qmax)`, `v = q - z`.
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

/** `r` of the vector `x`. */
function inSteps({ constant }: ColumnAccess, variant: FakeQuantVariant, x: Code): Code {
  const product = f32x4.mul(x, constant('ratio'));
  return isAffine(variant) ? f32x4.add(product, constant('zero')) : product;
}

const clamped = ({ get }: ColumnAccess, r: Code) => f32x4.pmin(f32x4.pmax(r, get('qmin')), get('qmax'));

/** `v` of a clamped `r`, a local. */
function lessZero(access: ColumnAccess, variant: FakeQuantVariant, r: string): Code {
  const level = levelOf(access, variant, r);
  return isAffine(variant) ? f32x4.sub(level, access.constant('zero')) : level;
}

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
  scratch: ['x value', 'r', 'q', 'dq', 'dr', 'half', 'index'],
});

/** `x` to `v`. */
export const fakeQuantPass = (variant: FakeQuantVariant): ColumnFunction => ({
  name: nameOf(variant),
  from: ['x'],
  to: ['v'],
  sums: [],
  ...shared(variant),
  body: (access) => [
    access.set('r', inSteps(access, variant, access.load('x'))),
    access.set('q', clamped(access, access.get('r'))),
    access.store('v', lessZero(access, variant, 'q')),
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
      set('r', inSteps(access, variant, tee('x value', load('x')))),
      set('q', clamped(access, get('r'))),
      set('dq', load('dv')),
      set('dr', surrogate === 'clipped' ? blocked : get('dq')),
      store('dx', f32x4.mul(get('dr'), constant('ratio'))),
      addTo('byValue', f32x4.mul(get('dr'), get('x value'))),
      addTo('byLevel', f32x4.mul(get('dr'), lessZero(access, variant, 'q'))),
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
