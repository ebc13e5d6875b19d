/** Least squares for the convolution of the image that the global skip gives up. */
import { conjugateGradients } from './conjugate-gradients.js';
import type { ImageMoments } from './image-moments.js';
import type { Responses } from './linear-end.js';
import { dot, multiply, transposed } from './matrix.js';

/** When it is done. */
const solver = { tolerance: 1e-6, rounds: 1000 } as const;

/** Taps of the convolution, a side, and the values that it reads. */
const SIDE = 3;
const READS = SIDE * SIDE * 3;

/** What is to be fitted; see `withImageSkip`. */
export interface ImageSkipProblem {
  /** From the stream to the image. */
  readonly end: Responses;
  /** The enlargement. */
  readonly wanted: Responses;
  /** Over the pixels that `end` reaches behind a 3x3 convolution, at least. */
  readonly moments: ImageMoments;
  /** `M^T M` of the stream. */
  readonly metric: Float64Array;
  /** The weights of the head, `[3, 3, 3, channels]`. */
  readonly head: Float64Array;
  /** What the parts of the cost count, in grey levels squared. */
  readonly counts: { readonly stream: number; readonly weights: number };
  /** Hears how far the solution has come, 0..1. */
  readonly onRound?: ((done: number) => void) | undefined;
}

/** Its solution. */
export interface ImageSkipFit {
  /** `P`: `[3, 3, 3, channels]`. */
  readonly weights: Float64Array;
  /** Root mean square of `L(P x) - bilinear(x)`, in grey levels. */
  readonly error: number;
  /** `|M (s - P x)|^2 / |M s|^2`. */
  readonly share: number;
}

/** `P` of the least cost. All maps are matrices from what is read to what is made, `[rows, columns]`. */
export function fitImageSkip(problem: ImageSkipProblem): ImageSkipFit {
  const { end, wanted, moments, metric, head, counts } = problem;
  const { channels: n, outputs } = end;
  const around = (2 * moments.reach + 1) ** 2 * 3;
  const compose = composition(end, moments.reach);
  const target = placed(wanted, moments.reach);
  const near = rowsNear(moments.reach);
  const image = Float64Array.from({ length: READS * READS }, (_, at) => {
    const [i, j] = [near[Math.floor(at / READS)] as number, near[at % READS] as number];
    return moments.image[i * around + j] as number;
  });
  const both = Float64Array.from({ length: READS * n }, (_, at) => {
    return moments.both[(near[Math.floor(at / n)] as number) * n + (at % n)] as number;
  });
  const energy = dot(metric, moments.stream);
  const gram = gramOf(end);
  const streamPart = (p: Float64Array) => multiply(multiply(image, p, READS, READS, n), metric, READS, n, n);
  /** Each weight by itself: its own mean square of the image, and what the end makes of it. */
  const weightsPart = (p: Float64Array) =>
    multiply(p, gram, READS, n, n).map((value, at) => value * (image[Math.floor(at / n) * (READS + 1)] as number));
  const [byStream, byWeights] = [(counts.stream * outputs) / energy, counts.weights];
  const weigh = (fit: Float64Array, stream: Float64Array, weights: Float64Array) =>
    fit.map((value, at) => value + byStream * (stream[at] as number) + byWeights * (weights[at] as number));
  const mapped = (p: Float64Array) => multiply(moments.image, p, around, around, outputs);

  const crossed = multiply(both, metric, READS, n, n);
  const right = weigh(compose.adjoint(mapped(target)), crossed, weightsPart(head));
  const apply = (p: Float64Array) => weigh(compose.adjoint(mapped(compose.forward(p))), streamPart(p), weightsPart(p));
  const weights = conjugateGradients(apply, right, solver, problem.onRound);

  const rest = compose.forward(weights).map((value, at) => value - (target[at] as number));
  const left = energy - 2 * dot(weights, crossed) + dot(weights, streamPart(weights));
  return { weights, error: Math.sqrt(Math.max(0, dot(rest, mapped(rest))) / outputs), share: left / energy };
}

/** From `P` to the map from the image around a pixel to the samples of that pixel enlarged, `[around, outputs]`, and the adjoint of that. */
function composition({ reach, channels: n, outputs, values }: Responses, around: number) {
  const [side, inner] = [2 * around + 1, 2 * reach + 1];
  /** For each weight: its place, the place of a response, and the row of the composed map where they meet. */
  const visit = (each: (weight: number, response: number, row: number) => void) => {
    for (let tap = 0; tap < SIDE * SIDE; tap++) {
      for (let u = 0; u < inner * inner; u++) {
        const dy = Math.floor(tap / SIDE) - 1 - (Math.floor(u / inner) - reach);
        const dx = (tap % SIDE) - 1 - ((u % inner) - reach);
        const at = (around + dy) * side + around + dx;
        for (let c = 0; c < 3; c++) {
          for (let j = 0; j < n; j++) each((tap * 3 + c) * n + j, (u * n + j) * outputs, (at * 3 + c) * outputs);
        }
      }
    }
  };
  return {
    forward: (p: Float64Array): Float64Array => {
      const map = new Float64Array(side * side * 3 * outputs);
      visit((weight, response, row) => {
        const factor = p[weight] as number;
        for (let o = 0; o < outputs; o++) {
          map[row + o] = (map[row + o] as number) + factor * (values[response + o] as number);
        }
      });
      return map;
    },
    adjoint: (map: Float64Array): Float64Array => {
      const p = new Float64Array(READS * n);
      visit((weight, response, row) => {
        let sum = 0;
        for (let o = 0; o < outputs; o++) sum += (values[response + o] as number) * (map[row + o] as number);
        p[weight] = (p[weight] as number) + sum;
      });
      return p;
    },
  };
}

/** Responses as a map from the image around a pixel to the samples of that pixel enlarged. */
function placed({ reach, channels, outputs, values }: Responses, around: number): Float64Array {
  const [side, inner, size] = [2 * around + 1, 2 * reach + 1, channels * outputs];
  const map = new Float64Array(side * side * size);
  for (let u = 0; u < inner * inner; u++) {
    const [dy, dx] = [reach - Math.floor(u / inner), reach - (u % inner)];
    map.set(values.subarray(u * size, (u + 1) * size), ((around + dy) * side + around + dx) * size);
  }
  return map;
}

/** Where the values of the middle 3x3 pixels lie among those around. */
function rowsNear(around: number): readonly number[] {
  const lines = [-1, 0, 1];
  const pixels = lines.flatMap((dy) => lines.map((dx) => (around + dy) * (2 * around + 1) + around + dx));
  return pixels.flatMap((at) => [at * 3, at * 3 + 1, at * 3 + 2]);
}

/** `[channels, channels]`: products of what two channels make, over all places and samples. */
function gramOf({ channels: n, outputs, values }: Responses): Float64Array {
  const gram = new Float64Array(n * n);
  for (let from = 0; from < values.length; from += n * outputs) {
    const own = values.subarray(from, from + n * outputs);
    const products = multiply(own, transposed(own, n, outputs), n, outputs, n);
    for (const [at, value] of products.entries()) gram[at] = (gram[at] as number) + value;
  }
  return gram;
}
