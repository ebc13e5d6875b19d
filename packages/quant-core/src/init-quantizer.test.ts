import { describe, expect, it } from 'vitest';
import { QuantError } from './error.js';
import { initQuantizer } from './init-quantizer.js';
import { makeSpec, type QuantSpec } from './quant-spec.js';

const fit = (steps: readonly number[], zeroPoints: readonly number[] = steps.map(() => 0)) => ({
  steps: Float32Array.from(steps),
  zeroPoints: Float32Array.from(zeroPoints),
});
const path = 'plan.weights';
const start = (fields: Partial<QuantSpec>, steps: readonly number[], zeros?: readonly number[], channels = 1) =>
  initQuantizer(makeSpec({ bits: 4, ...fields }), fit(steps, zeros), channels, path);

describe('initQuantizer', () => {
  it('gives the parameters of a grid, one or one for each channel', () => {
    expect(start({ quantizer: 'pams', narrow: true }, [0.5])).toEqual({ clip: Float32Array.of(3.5) });
    const spec = { affine: true, signed: false, quantizer: 'ddtb', granularity: 'channel' } as const;
    expect(start(spec, [0.5, 2], [4, 15], 2)).toEqual({
      lower: Float32Array.of(-2, -30),
      upper: Float32Array.of(5.5, 0),
    });
    const shifted = start({ quantizer: 'quantsr' }, [0.5], [0], 3);
    expect(shifted).toEqual({ step: Float32Array.of(0.5), shift: new Float32Array(3) });
  });

  it.each<[string, () => unknown]>([
    [
      'plan.weights: steps[0] must be a number from 2^-126 to 2^126, got 0',
      () => start({ quantizer: 'pact', signed: false }, [0]),
    ],
    ['steps[1] must be a number', () => start({ granularity: 'channel' }, [1, -1], [0, 0], 2)],
    ['got NaN', () => start({}, [Number.NaN])],
    ['got Infinity', () => start({}, [Number.POSITIVE_INFINITY])],
    ['steps[0] must be', () => start({}, [1e-39])],
    ['plan.weights: steps must have 3 entries, got 1', () => start({ granularity: 'channel' }, [1], [0], 3)],
    ['plan.weights: zeroPoints must have 1 entries, got 0', () => start({}, [1], [])],
    ['plan.weights: zeroPoints[0] must be 0 where the spec is not affine, got 3', () => start({}, [1], [3])],
    [
      'plan.weights: zeroPoints[0] must be an integer from -8 to 7, got 7.5',
      () => start({ affine: true, quantizer: 'lsq-plus' }, [1], [7.5]),
    ],
    ['plan.weights must have a zero point', () => start({ quantizer: 'ddtb' }, [1])],
    ['plan.weights.quantizer must be one of', () => start({ quantizer: 'magic' }, [1])],
    ['plan.weights.ste must be one of', () => start({ ste: 'magic' }, [1])],
    [
      'plan.weights.steOptions must name options of dsq, got "delta" (known: alpha)',
      () => start({ ste: 'dsq', steOptions: { delta: 1 } }, [1]),
    ],
    [
      'plan.weights.steOptions must name options of clipped, got "alpha" (known: none)',
      () => start({ steOptions: { alpha: 1 } }, [1]),
    ],
    [
      'plan.weights.steOptions must have an alpha between 0 and 1, got 1',
      () => start({ ste: 'dsq', steOptions: { alpha: 1 } }, [1]),
    ],
    [
      'plan.weights.steOptions must have a delta of 0 or more, got -1',
      () => start({ ste: 'ewgs', steOptions: { delta: -1 } }, [1]),
    ],
  ])('refuses: %s', (reason, make) => {
    expect(make).toThrow(QuantError);
    expect(make).toThrow(reason);
  });
});
