/**
 * Broadcasting as matrices: which rows and columns of the output an operand spans.
 */
import type { Layout } from './elementwise.js';

/** An operand of a broadcast. */
export interface Operand {
  readonly layout: Layout;
  /** Values from one of its rows to the next; 0 repeats the row. */
  readonly row: number;
}

/** A broadcast over `count` matrices of `rows` x `cols` values, one after the other in the output. */
export interface Broadcast {
  readonly count: number;
  readonly rows: number;
  readonly cols: number;
  readonly operands: readonly Operand[];
  /** Where matrix `at` of an operand starts, in values. */
  readonly offset: (operand: number, at: number) => number;
}

/** Adjacent output axes as one; `spans[k]`: whether operand `k` has these axes or repeats over them. */
interface Group {
  readonly size: number;
  readonly spans: readonly boolean[];
}

function groupAxes(shapes: readonly (readonly number[])[], out: readonly number[]): readonly Group[] {
  const groups: Group[] = [];
  out.forEach((size, axis) => {
    if (size === 1) return;
    const spans = shapes.map((shape) => (shape[axis - out.length + shape.length] ?? 1) === size);
    const last = groups.at(-1);
    if (last?.spans.every((span, at) => span === spans[at]))
      groups[groups.length - 1] = { size: last.size * size, spans };
    else groups.push({ size, spans });
  });
  return groups;
}

const product = (values: readonly number[]) => values.reduce((a, b) => a * b, 1);

/**
 * The operands of `shapes` broadcast to `out`.
 *
 * @example
 * asMatrices([[16, 24, 24, 8], [8]], [16, 24, 24, 8]); // 1 matrix, rows 9216, cols 8; operands { vector, row 8 } and { vector, row 0 }
 */
export function asMatrices(shapes: readonly (readonly number[])[], out: readonly number[]): Broadcast {
  const groups = groupAxes(shapes, out);
  const whole: Group = { size: 1, spans: shapes.map(() => true) };
  const columns = groups.at(-1) ?? whole;
  const lines = groups.at(-2) ?? whole;
  const outer = groups.slice(0, -2);
  const spanned = (operand: number, from: readonly Group[]) =>
    product(from.map(({ size, spans }) => (spans[operand] ? size : 1)));
  return {
    count: product(outer.map(({ size }) => size)),
    rows: lines.size,
    cols: columns.size,
    operands: shapes.map((_, operand) => ({
      layout: columns.spans[operand] ? 'vector' : 'splat',
      row: lines.spans[operand] ? spanned(operand, [columns]) : 0,
    })),
    offset: (operand, at) => {
      let rest = at;
      let offset = 0;
      for (let group = outer.length - 1; group >= 0; group--) {
        const { size, spans } = outer[group] as Group;
        if (spans[operand]) offset += (rest % size) * spanned(operand, groups.slice(group + 1));
        rest = Math.floor(rest / size);
      }
      return offset;
    },
  };
}
