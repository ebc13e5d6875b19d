/**
 * Every operation and gradient that the networks use, against float64 references: all cases, and running them on the current backend.
 */
import * as tf from '@tensorflow/tfjs';
import { binaryCases } from './binary.js';
import { type ConformanceCase, errorOf } from './case.js';
import { composedCases } from './composed.js';
import { convolutionCases } from './convolutions.js';
import { denseCases } from './dense.js';
import { gradientCases } from './gradients.js';
import { moveCases } from './moves.js';
import { reductionCases } from './reductions.js';
import { unaryCases } from './unary.js';

export type { ConformanceCase, Expected } from './case.js';
export { deviations } from './deviations.js';

export const allCases: readonly ConformanceCase[] = [
  ...unaryCases,
  ...binaryCases,
  ...reductionCases,
  ...moveCases,
  ...convolutionCases,
  ...denseCases,
  ...composedCases,
  ...gradientCases,
];

/** How one case went. */
export interface Outcome {
  readonly op: string;
  readonly title: string;
  readonly bound: number;
  /** Largest error in units of the case's scales; infinite where NaN, infinities or the shape differ, or where it throws. */
  readonly error: number;
  /** Why there is no result, else empty. */
  readonly problem: string;
}

/** Whether a case holds. */
export const holds = ({ error, bound }: Outcome): boolean => error <= bound;

/** Runs one case. */
export async function runCase({ op, title, bound, run, expected }: ConformanceCase): Promise<Outcome> {
  const outcome = (error: number, problem: string): Outcome => ({ op, title, bound, error, problem });
  try {
    const result = tf.tidy(run);
    const got = await result.data();
    const want = expected();
    const shape = [...result.shape];
    result.dispose();
    if (shape.join() !== want.shape.join()) return outcome(Number.POSITIVE_INFINITY, `shape [${shape}]`);
    return outcome(errorOf(got, want, bound), '');
  } catch (error) {
    return outcome(Number.POSITIVE_INFINITY, error instanceof Error ? error.message : String(error));
  }
}

/** Runs all cases in order. */
export async function runAll(): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const one of allCases) outcomes.push(await runCase(one));
  return outcomes;
}
