/**
 * What a leaf looks like inside: a colour, a linear shade, and one texture.
 */

/** Side of the periodic lattice of noise values. */
export const LATTICE = 64;

/** Values in -1..1 that noise interpolates; `LATTICE^2` of them. */
export type Lattice = Float32Array;

/** The texture of a leaf, of amplitude 1. `ux, uy, u0` map canvas coordinates to its own: `u = ux x + uy y + u0`. */
export interface Texture {
  readonly kind: 'none' | 'wave' | 'stripes' | 'noise';
  readonly ux: number;
  readonly uy: number;
  readonly u0: number;
  readonly vx: number;
  readonly vy: number;
  readonly v0: number;
}

/** A leaf's paint: `colour + gain * (sx x + sy y + s0 + amplitude * texture)` in each channel, 0..255. */
export interface Paint {
  readonly colour: readonly [number, number, number];
  readonly gain: readonly [number, number, number];
  readonly sx: number;
  readonly sy: number;
  readonly s0: number;
  readonly amplitude: number;
  readonly texture: Texture;
}

/** No texture. */
export const plain: Texture = { kind: 'none', ux: 0, uy: 0, u0: 0, vx: 0, vy: 0, v0: 0 };

const kinds = {
  none: () => 0,
  /** A sine of period 1, made of parabolas. */
  wave: (u) => {
    const t = 2 * (u - Math.floor(u)) - 1;
    return 4 * t * (Math.abs(t) - 1);
  },
  /** A square wave of period 1, half light and half dark. */
  stripes: (u) => (u - Math.floor(u) < 0.5 ? 1 : -1),
  noise,
} satisfies Record<Texture['kind'], Sampler>;

/** A texture's value, -1..1, by its own coordinates. */
export type Sampler = (u: number, v: number, lattice: Lattice) => number;

/** The sampler of a texture. */
export function samplerOf({ kind }: Texture): Sampler {
  return kinds[kind];
}

/** Value noise: the lattice, interpolated with a smooth step in both directions. */
function noise(u: number, v: number, lattice: Lattice): number {
  const i = Math.floor(u);
  const j = Math.floor(v);
  const fu = u - i;
  const fv = v - j;
  const su = fu * fu * (3 - 2 * fu);
  const sv = fv * fv * (3 - 2 * fv);
  const i0 = i & (LATTICE - 1);
  const i1 = (i + 1) & (LATTICE - 1);
  const j0 = (j & (LATTICE - 1)) * LATTICE;
  const j1 = ((j + 1) & (LATTICE - 1)) * LATTICE;
  const top = lattice[j0 + i0]! + (lattice[j0 + i1]! - lattice[j0 + i0]!) * su;
  const bottom = lattice[j1 + i0]! + (lattice[j1 + i1]! - lattice[j1 + i0]!) * su;
  return top + (bottom - top) * sv;
}
