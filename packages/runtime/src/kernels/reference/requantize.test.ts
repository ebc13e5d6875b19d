import { requantize as truth } from '@fqsr/quant-core/spec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IntegerTensor, RequantizeNode } from '../../model.js';
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
            truth(a, factors[factors.length === 1 ? 0 : i % 3]!, zeroPoint, { qmin, qmax, spacing: 1 }),
          );
          const levels = signed ? new Int8Array(to.buffer) : to;
          expect([...levels]).toEqual([0, ...wanted, 0]);
        },
      ),
      { seed: 3, numRuns: 2000 },
    );
  });

  const base = { op: 'requantize', name: 'q', input: 'acc', multiplier: 'm', shift: 's' } as const;
  const run = (node: RequantizeNode, tensors: Readonly<Record<string, IntegerTensor>>, acc: readonly number[]) => {
    const kernel = requantize(node, {
      inputs: [],
      info: { kind: 'accumulator', channels: 1, factor: 1, bound: 2 ** 31 },
      tensor: (key) => tensors[key] as IntegerTensor,
    });
    const to = new Uint8Array(acc.length);
    kernel.run(Int32Array.from(acc), acc.length, to, 0);
    return to;
  };

  it('has another factor below zero, of either sign or 0 (PReLU)', () => {
    const below = fc.oneof(
      fc.constant(0),
      fc.tuple(fc.constantFrom(-1, 1), factor).map(([sign, { multiplier }]) => sign * multiplier),
    );
    fc.assert(
      fc.property(fc.array(int32, { minLength: 1, maxLength: 9 }), factor, below, (acc, above, multiplier) => {
        const negative = { multiplier: 'nm', shift: 'ns' };
        const grid = { bits: 8, signed: true, zeroPoint: 3, scale: 1 };
        const node: RequantizeNode = { ...base, negative, grid, qmin: -128, qmax: 127 };
        const tensors = {
          m: Int32Array.of(above.multiplier),
          s: Uint8Array.of(above.shift),
          nm: Int32Array.of(multiplier),
          ns: Uint8Array.of(above.shift),
        };
        const wanted = acc.map((a) =>
          truth(a, a < 0 ? { ...above, multiplier } : above, 3, { qmin: -128, qmax: 127, spacing: 1 }),
        );
        expect([...new Int8Array(run(node, tensors, acc).buffer)]).toEqual(wanted.map((q) => q + 0));
      }),
      { seed: 4, numRuns: 1000 },
    );
  });

  it('looks the level up where it has a table, and keeps to its ends', () => {
    const table = { levels: 't', low: -2 };
    const node: RequantizeNode = {
      ...base,
      table,
      grid: { bits: 8, signed: false, zeroPoint: 0, scale: 1 },
      qmin: 5,
      qmax: 200,
    };
    const tensors = {
      m: Int32Array.of(2 ** 30),
      s: Uint8Array.of(31),
      t: Uint8Array.of(1, 20, 30, 40, 255),
    };
    expect([...run(node, tensors, [-100, -5, -4, -3, -1, 0, 1, 3, 4, 2 ** 31 - 1])]).toEqual([
      5, 5, 5, 20, 30, 30, 40, 200, 200, 200,
    ]);
  });
});
