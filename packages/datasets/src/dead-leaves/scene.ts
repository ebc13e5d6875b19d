/**
 * What a scene consists of: the look of the whole, and leaves drawn at random from front to back.
 */
import { LATTICE, type Lattice, type Paint, plain, type Texture } from './paint.js';
import type { Random } from './random.js';
import { rectangle, type Shape } from './shape.js';

/** What the leaves of one scene have in common. Lengths are in canvas pixels. */
export interface Look {
  readonly side: number;
  readonly smallest: number;
  readonly largest: number;
  /** Mean luminance and its spread. */
  readonly light: number;
  readonly contrast: number;
  /** Spread of the colours around grey, and the scene's tint. */
  readonly chroma: number;
  readonly tint: readonly [number, number];
  /** Share of leaves with a texture. */
  readonly textured: number;
  /** Order of the binomial filter that ends at the image's resolution. */
  readonly softness: number;
  readonly lattice: Lattice;
}

/** A shape and its paint. */
export interface Leaf {
  readonly shape: Shape;
  readonly paint: Paint;
}

/** The look of a scene. */
export function drawLook(random: Random, side: number): Look {
  return {
    side,
    smallest: random.range(4, 28),
    largest: side * random.range(0.2, 0.6),
    light: random.range(80, 160),
    contrast: random.range(25, 75),
    chroma: random.chance(0.15) ? 0 : random.range(3, 30),
    tint: [random.bell() * 8, random.bell() * 5],
    textured: random.range(0.5, 1),
    softness: [1, 3, 5, 5, 7, 7][random.integer(6)]!,
    lattice: Float32Array.from({ length: LATTICE * LATTICE }, () => random.range(-1, 1)),
  };
}

/**
 * The next leaves, nearest first: mostly one; a framed leaf is two, a line of writing many. The radius follows `r^-3`, by which every octave of sizes covers the same
 * area, as in photographs.
 */
export function drawLeaves(random: Random, look: Look): readonly Leaf[] {
  const kind = random.unit();
  if (kind < 0.015) return writing(random, look);
  if (kind < 0.1) return [stroke(random, look)];
  const r = radius(random, look);
  const x = random.range(-r, look.side + r);
  const y = random.range(-r, look.side + r);
  const shape = drawShape(random, x, y, r);
  const leaf = { shape, paint: drawPaint(random, look, x, y, r) };
  if (!random.chance(0.15)) return [leaf];
  const border = random.range(1.5, 5) / r;
  return [leaf, { shape: grown(shape, x, y, 1 + border), paint: drawPaint(random, look, x, y, r) }];
}

/** What is left open: one leaf behind all others. */
export function drawBackground(random: Random, look: Look): Leaf {
  const half = look.side / 2;
  return { shape: rectangle(half, half, half, half, 1, 0), paint: drawPaint(random, look, half, half, look.side) };
}

/** Inverts the distribution function of `r^-3` between the look's smallest and largest radius. */
function radius(random: Random, { smallest, largest }: Look): number {
  const ratio = smallest / largest;
  return smallest / Math.sqrt(1 - random.unit() * (1 - ratio * ratio));
}

function drawShape(random: Random, x: number, y: number, r: number): Shape {
  const [c, s] = random.chance(0.25) ? ([1, 0] as const) : random.direction();
  const kind = random.unit();
  if (kind < 0.2) return { kind: 'ellipse', x, y, a: r, b: r, c, s };
  if (kind < 0.45) return { kind: 'ellipse', x, y, a: r, b: r * random.range(0.15, 0.9), c, s };
  if (kind < 0.75) return rectangle(x, y, r, r * random.range(0.1, 1), c, s);
  return polygon(random, x, y, r);
}

/** A convex polygon of 3 to 6 corners on a circle: directions, in order around it. */
function polygon(random: Random, x: number, y: number, r: number): Shape {
  const corners = Array.from({ length: 3 + random.integer(4) }, () => random.direction());
  corners.sort((a, b) => around(a) - around(b));
  return { kind: 'polygon', points: corners.flatMap(([c, s]) => [x + r * c, y + r * s]) };
}

/** Grows with the angle of a unit vector, without trigonometry. */
function around([c, s]: readonly [number, number]): number {
  return s >= 0 ? 1 - c : 3 + c;
}

function grown(shape: Shape, x: number, y: number, factor: number): Shape {
  if (shape.kind === 'ellipse') {
    const border = (factor - 1) * shape.a;
    return { ...shape, a: shape.a + border, b: shape.b + border };
  }
  return { kind: 'polygon', points: shape.points.map((p, i) => (i % 2 ? y : x) + factor * (p - (i % 2 ? y : x))) };
}

/** A long thin bar: a branch, a wire, a mullion. */
function stroke(random: Random, look: Look): Leaf {
  const [c, s] = random.chance(0.3) ? ([1, 0] as const) : random.direction();
  const x = random.range(0, look.side);
  const y = random.range(0, look.side);
  const length = random.range(0.02, 0.3) * look.side;
  const half = random.range(0.8, 4);
  return { shape: rectangle(x, y, length, half, c, s), paint: drawPaint(random, look, x, y, length) };
}

/** A line of letter-like bars on a plate. */
function writing(random: Random, look: Look): readonly Leaf[] {
  const [c, s] = random.chance(0.6) ? ([1, 0] as const) : random.direction();
  const x = random.range(0, look.side);
  const y = random.range(0, look.side);
  const height = random.range(5, 22);
  const half = height * random.range(0.08, 0.16);
  const letters = 3 + random.integer(7);
  const ink = drawPaint(random, look, x, y, height);
  const bars = Array.from({ length: letters }, (_, i) => (i - (letters - 1) / 2) * height * 1.1).flatMap((offset) =>
    Array.from({ length: 2 + random.integer(3) }, () => {
      const upright = random.chance(0.5);
      const u = offset + (upright ? (random.integer(3) - 1) * height * 0.38 : 0);
      const v = upright ? 0 : (random.integer(3) - 1) * height * 0.42;
      const along = upright ? ([-s, c] as const) : ([c, s] as const);
      const shape = rectangle(x + c * u - s * v, y + s * u + c * v, height * (upright ? 0.5 : 0.42), half, ...along);
      return { shape, paint: ink };
    }),
  );
  const plate = rectangle(x, y, letters * height * 0.65, height * random.range(0.65, 1), c, s);
  return [...bars, { shape: plate, paint: drawPaint(random, look, x, y, height) }];
}

function drawPaint(random: Random, look: Look, x: number, y: number, r: number): Paint {
  const light = look.light + look.contrast * random.bell();
  const warm = look.tint[0] + look.chroma * random.bell();
  const green = look.tint[1] + 0.5 * look.chroma * random.bell();
  const slope = random.chance(0.6) ? (random.bell() * 18) / (r + 8) : 0;
  const [c, s] = random.direction();
  const sx = c * slope;
  const sy = s * slope;
  const textured = random.chance(look.textured);
  return {
    colour: [light + warm - green, light + green, light - warm - green],
    gain: [1 + warm / 160, 1, 1 - warm / 160],
    sx,
    sy,
    s0: -sx * x - sy * y,
    amplitude: textured ? random.range(2, 20) + (random.chance(0.3) ? random.range(0, 40) : 0) : 0,
    texture: textured ? drawTexture(random) : plain,
  };
}

/** Periods are in canvas pixels: twice as many as in the image. */
function drawTexture(random: Random): Texture {
  const [c, s] = random.direction();
  const kind = random.unit();
  const u0 = random.range(0, LATTICE);
  const v0 = random.range(0, LATTICE);
  if (kind < 0.3) {
    const period = random.range(4, 24);
    return { kind: kind < 0.15 ? 'wave' : 'stripes', ux: c / period, uy: s / period, u0, vx: 0, vy: 0, v0 };
  }
  const fine = random.range(2, 10);
  const long = fine * (random.chance(0.5) ? 1 : random.range(1.5, 8));
  return { kind: 'noise', ux: c / fine, uy: s / fine, u0, vx: -s / long, vy: c / long, v0 };
}
