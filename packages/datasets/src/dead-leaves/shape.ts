/**
 * Convex shapes as the horizontal spans that they cover.
 */

/** A rotated ellipse: half axes `a` along the unit vector `(c, s)`, `b` across it. */
export interface Ellipse {
  readonly kind: 'ellipse';
  readonly x: number;
  readonly y: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly s: number;
}

/** A convex polygon, `x0, y0, x1, y1, ...` in order around it. */
export interface Polygon {
  readonly kind: 'polygon';
  readonly points: readonly number[];
}

/** A shape in canvas coordinates, where pixel `(i, j)` has its centre at `(i + 0.5, j + 0.5)`. */
export type Shape = Ellipse | Polygon;

/** Where a shape lies in a row or column; empty when `to < from`. */
export interface Span {
  from: number;
  to: number;
}

/** A rectangle of half sides `a` along `(c, s)` and `b` across it. */
export function rectangle(x: number, y: number, a: number, b: number, c: number, s: number): Polygon {
  const points = [
    [a, b],
    [-a, b],
    [-a, -b],
    [a, -b],
  ].flatMap(([u, v]) => [x + c * u! - s * v!, y + s * u! + c * v!]);
  return { kind: 'polygon', points };
}

/** The lowest and highest `y` of a shape. */
export function verticalExtent(shape: Shape): readonly [number, number] {
  if (shape.kind === 'polygon') {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let i = 1; i < shape.points.length; i += 2) {
      low = Math.min(low, shape.points[i]!);
      high = Math.max(high, shape.points[i]!);
    }
    return [low, high];
  }
  const { y, a, b, c, s } = shape;
  const half = Math.sqrt(a * a * s * s + b * b * c * c);
  return [y - half, y + half];
}

/** Writes the real interval of `x` that a shape covers at height `y` to `span`. */
export function spanAt(shape: Shape, y: number, span: Span): void {
  if (shape.kind === 'ellipse') ellipseSpan(shape, y, span);
  else polygonSpan(shape.points, y, span);
}

/** Solves `((c dx + s dy) / a)^2 + ((c dy - s dx) / b)^2 = 1` for `dx`. */
function ellipseSpan({ x, y: centre, a, b, c, s }: Ellipse, y: number, span: Span): void {
  const dy = y - centre;
  const aa = 1 / (a * a);
  const bb = 1 / (b * b);
  const p = c * c * aa + s * s * bb;
  const q = c * s * (aa - bb) * dy;
  const r = (s * s * aa + c * c * bb) * dy * dy - 1;
  const root = q * q - p * r;
  const half = root > 0 ? Math.sqrt(root) / p : -1;
  span.from = x - q / p - half;
  span.to = x - q / p + half;
}

function polygonSpan(points: readonly number[], y: number, span: Span): void {
  span.from = Number.POSITIVE_INFINITY;
  span.to = Number.NEGATIVE_INFINITY;
  let x0 = points[points.length - 2]!;
  let y0 = points[points.length - 1]!;
  for (let i = 0; i < points.length; i += 2) {
    const x1 = points[i]!;
    const y1 = points[i + 1]!;
    if (y0 <= y !== y1 <= y) {
      const x = x0 + ((y - y0) / (y1 - y0)) * (x1 - x0);
      if (x < span.from) span.from = x;
      if (x > span.to) span.to = x;
    }
    x0 = x1;
    y0 = y1;
  }
}
