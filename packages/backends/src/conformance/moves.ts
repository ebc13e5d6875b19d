import * as tf from '@tensorflow/tfjs';
import { type ConformanceCase, numbers } from './case.js';

/** Where each value of the result comes from: a place in the input, or -1 for zero. */
type Source = (index: readonly number[]) => number;

interface Move {
  readonly op: string;
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly run: (x: tf.Tensor) => tf.Tensor;
  readonly source: Source;
}

/** The flat place of an index in a shape. */
const place = (shape: readonly number[], index: readonly number[]): number =>
  index.reduce((sum, at, axis) => sum * (shape[axis] as number) + at, 0);

/** All indices of a shape in order. */
function indices(shape: readonly number[]): readonly (readonly number[])[] {
  return shape.reduce<readonly (readonly number[])[]>(
    (all, size) => all.flatMap((index) => Array.from({ length: size }, (_, at) => [...index, at])),
    [[]],
  );
}

const depthToSpace = (from: readonly [number, number, number, number], block: number): Move => {
  const [n, height, width, depth] = from;
  const channels = depth / (block * block);
  return {
    ...{ op: 'depthToSpace', from, to: [n, height * block, width * block, channels] },
    run: (x) => tf.depthToSpace(x as tf.Tensor4D, block, 'NHWC'),
    source: ([image = 0, y = 0, x = 0, c = 0]) => {
      const inBlock = (y % block) * block + (x % block);
      return place(from, [image, Math.floor(y / block), Math.floor(x / block), inBlock * channels + c]);
    },
  };
};
const transpose = (from: readonly number[], order: readonly number[]): Move => ({
  ...{ op: 'transpose', from, to: order.map((axis) => from[axis] as number) },
  run: (x) => tf.transpose(x, [...order]),
  source: (index) =>
    place(
      from,
      from.map((_, axis) => index[order.indexOf(axis)] as number),
    ),
});
const tile = (from: readonly number[], reps: readonly number[]): Move => ({
  ...{ op: 'tile', from, to: from.map((size, axis) => size * (reps[axis] as number)) },
  run: (x) => tf.tile(x, [...reps]),
  source: (index) =>
    place(
      from,
      index.map((at, axis) => at % (from[axis] as number)),
    ),
});
const pad = (from: readonly number[], paddings: readonly (readonly [number, number])[]): Move => ({
  ...{ op: 'pad', from, to: from.map((size, axis) => size + (paddings[axis]?.[0] ?? 0) + (paddings[axis]?.[1] ?? 0)) },
  run: (x) =>
    tf.pad(
      x,
      paddings.map(([a, b]) => [a, b]),
    ),
  source: (index) => {
    const inside = index.map((at, axis) => at - (paddings[axis]?.[0] ?? 0));
    return inside.some((at, axis) => at < 0 || at >= (from[axis] as number)) ? -1 : place(from, inside);
  },
});
const slice = (from: readonly number[], begin: readonly number[], to: readonly number[]): Move => ({
  ...{ op: 'slice', from, to },
  run: (x) => tf.slice(x, [...begin], [...to]),
  source: (index) =>
    place(
      from,
      index.map((at, axis) => at + (begin[axis] as number)),
    ),
});
/** Splits a vector and joins the parts in the opposite order, as the flat parameters of an optimizer are. */
const splitAndConcat = (parts: readonly number[]): Move => {
  const length = parts.reduce((a, b) => a + b, 0);
  const from = [length];
  const starts = parts.map((_, i) => parts.slice(0, i).reduce((a, b) => a + b, 0));
  const origin = parts.flatMap((size, i) => [{ size, start: starts[i] as number }]).reverse();
  const order = origin.flatMap(({ size, start }) => Array.from({ length: size }, (_, at) => start + at));
  return {
    ...{ op: 'split and concat', from, to: from },
    run: (x) => tf.concat1d((tf.split(x, [...parts]) as tf.Tensor1D[]).reverse()),
    source: ([at = 0]) => order[at] as number,
  };
};

const moves: readonly Move[] = [
  depthToSpace([2, 3, 5, 12], 2),
  depthToSpace([1, 1, 1, 9], 3),
  depthToSpace([2, 4, 3, 64], 4),
  transpose([5, 7], [1, 0]),
  transpose([3, 5, 4], [2, 0, 1]),
  transpose([2, 3, 5, 4], [3, 1, 2, 0]),
  transpose([6, 2, 7, 12], [0, 2, 1, 3]),
  tile([1, 1, 1, 5], [2, 3, 4, 1]),
  tile([2, 3], [2, 2]),
  tile([4, 1], [1, 6]),
  pad(
    [2, 3, 5],
    [
      [0, 0],
      [1, 2],
      [3, 0],
    ],
  ),
  pad(
    [1, 4, 4, 3],
    [
      [0, 0],
      [1, 1],
      [1, 1],
      [0, 0],
    ],
  ),
  slice([5, 7, 3], [1, 2, 0], [3, 4, 3]),
  slice([1001], [7], [501]),
  slice([2, 5, 7, 3], [1, 0, 0, 0], [1, 5, 7, 3]),
  slice([3, 5, 7, 6], [1, 1, 2, 3], [2, 3, 4, 2]),
  slice([2, 6, 5, 4], [0, 1, 0, 0], [2, 5, 5, 4]),
  splitAndConcat([1, 7, 64, 3, 500]),
];

export const moveCases: readonly ConformanceCase[] = moves.map(({ op, from, to, run, source }, i) => ({
  ...{ op, title: `[${from}] to [${to}]`, bound: 0 },
  run: () => run(tf.tensor(numbers(from, i + 1), [...from])),
  expected: () => {
    const x = numbers(from, i + 1);
    return { shape: to, values: indices(to).map((index) => (source(index) < 0 ? 0 : (x[source(index)] as number))) };
  },
}));
