import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choose, type Option } from './knapsack.js';

const of = (items: readonly (readonly Option[])[], chosen: readonly number[], field: keyof Option) =>
  chosen.reduce((sum, index, i) => sum + (items[i]?.[index]?.[field] as number), 0);

/** All combinations. */
const every = (items: readonly (readonly Option[])[]): number[][] =>
  items.reduce<number[][]>((all, options) => all.flatMap((head) => options.map((_, i) => [...head, i])), [[]]);

const option = fc.record({ cost: fc.integer({ min: 0, max: 64 }), loss: fc.integer({ min: 0, max: 50 }) });
const items = fc.array(fc.array(option, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 });

describe('choose', () => {
  it('equals trying everything, where costs are whole', () => {
    fc.assert(
      fc.property(items, (given) => {
        const budget = 101;
        const fitting = every(given).filter((chosen) => of(given, chosen, 'cost') <= budget);
        fc.pre(fitting.length > 0);
        const chosen = choose(given, budget);
        expect(of(given, chosen, 'cost')).toBeLessThanOrEqual(budget);
        expect(of(given, chosen, 'loss')).toBe(Math.min(...fitting.map((other) => of(given, other, 'loss'))));
      }),
    );
  });

  it('never exceeds the budget, whatever the costs', () => {
    const real = fc.record({
      cost: fc.double({ min: 0, max: 10, noNaN: true }),
      loss: fc.double({ min: 0, max: 9, noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.array(fc.array(real, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 }),
        fc.double({ min: 1, max: 50, noNaN: true }),
        (given, budget) => {
          try {
            expect(of(given, choose(given, budget), 'cost')).toBeLessThanOrEqual(budget * (1 + 1e-9));
          } catch (error) {
            expect((error as Error).name).toBe('ModelError');
          }
        },
      ),
    );
  });

  it('takes the example of its description, and of equals the cheaper', () => {
    const two = [
      [
        { cost: 8, loss: 0 },
        { cost: 4, loss: 1 },
      ],
      [
        { cost: 8, loss: 0 },
        { cost: 4, loss: 5 },
      ],
    ];
    expect(choose(two, 12)).toEqual([1, 0]);
    expect(
      choose(
        [
          [
            { cost: 5, loss: 1 },
            { cost: 3, loss: 1 },
          ],
        ],
        8,
      ),
    ).toEqual([1]);
    expect(() => choose(two, 7)).toThrow(
      '[sr-models] choose: budget must be at least 8, which the cheapest options cost, got 7',
    );
    expect(() => choose(two, -1)).toThrow('budget must be at least 8');
  });
});
