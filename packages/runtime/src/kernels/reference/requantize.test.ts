import { requantize as truth } from '@fqsr/quant-core/spec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RequantizeNode } from '../../model.js';
import { requantize } from './requantize.js';

const int32 = fc.oneof(
  fc.integer(),
  fc.integer({ min: -300, max: 300 }),
  fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, -1, 0, 1),
);
const factor = fc.record({
  multiplier: fc.oneof(fc.integer({ min: 2 ** 30, max: 2 ** 31 - 1 }), fc.constantFrom(2 ** 30, 2 ** 31 - 1)),
  shift: fc.integer({ min: 17, max: 62 }),
});

describe('requantize', () => {
  it.each([
    [true, 'one factor'],
    [false, 'a factor for each channel'],
  ])('equals the scalar truth (signed: %s, %s)', (signed) => {
    const low = signed ? -128 : 0;
    fc.assert(
      fc.property(
        fc.array(int32, { minLength: 6, maxLength: 6 }),
        fc.array(factor, { minLength: 1, maxLength: 3 }).filter(({ length }) => length !== 2),
        fc.integer({ min: low, max: low + 255 }),
        fc.tuple(fc.integer({ min: low, max: low + 255 }), fc.integer({ min: low, max: low + 255 })),
        (acc, factors, zeroPoint, bounds) => {
          const [qmin, qmax] = [Math.min(...bounds), Math.max(...bounds)];
          const node: RequantizeNode = {
            op: 'requantize',
            name: 'q',
            input: 'acc',
            multiplier: 'm',
            shift: 's',
            grid: { bits: 8, signed, zeroPoint, scale: 1 },
            qmin,
            qmax,
          };
          const constants = {
            m: Int32Array.from(factors, ({ multiplier }) => multiplier),
            s: Uint8Array.from(factors, ({ shift }) => shift),
          };
          const kernel = requantize(node, {
            inputs: [],
            info: { kind: 'accumulator', channels: 3, factor: 1, bound: 2 ** 31 },
            tensor: (key) => (key === 'm' ? constants.m : constants.s),
          });
          const to = new Uint8Array(8);
          kernel.run(Int32Array.from(acc), 2, to, 1);
          const wanted = acc.map((a, i) =>
            truth(a, factors[factors.length === 1 ? 0 : i % 3]!, zeroPoint, { qmin, qmax }),
          );
          const levels = signed ? new Int8Array(to.buffer) : to;
          expect([...levels]).toEqual([0, ...wanted, 0]);
        },
      ),
      { seed: 3, numRuns: 2000 },
    );
  });
});
