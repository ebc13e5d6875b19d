import { describe, expect, it } from 'vitest';
import { QuantError } from './error.js';
import { codeToLevel, gridNames, levelCount, levelRange, levelToCode } from './grids.js';

describe('levelRange', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('%i bits', (bits) => {
    const grid = 'midtread';
    expect(levelRange({ bits, signed: false, grid, narrow: false })).toEqual({
      qmin: 0,
      qmax: 2 ** bits - 1,
      spacing: 1,
    });
    const half = 2 ** (bits - 1);
    expect(levelRange({ bits, signed: true, grid, narrow: false })).toEqual({
      qmin: -half,
      qmax: half - 1,
      spacing: 1,
    });
    if (bits > 1)
      expect(levelRange({ bits, signed: true, grid, narrow: true })).toEqual({
        qmin: 1 - half,
        qmax: half - 1,
        spacing: 1,
      });
  });

  it('mid-rise levels are odd, and one signed bit is a sign', () => {
    expect(levelRange({ bits: 1, signed: true, grid: 'midrise', narrow: false })).toEqual({
      qmin: -1,
      qmax: 1,
      spacing: 2,
    });
    expect(levelRange({ bits: 4, signed: true, grid: 'midrise', narrow: false })).toEqual({
      qmin: -15,
      qmax: 15,
      spacing: 2,
    });
    expect(levelRange({ bits: 2, signed: false, grid: 'midrise', narrow: false })).toEqual({
      qmin: 1,
      qmax: 7,
      spacing: 2,
    });
    expect(() => levelRange({ bits: 4, signed: true, grid: 'midrise', narrow: true })).toThrow('narrow must be false');
  });

  it.each(gridNames)('%s has at most 2^bits levels', (grid) => {
    for (let bits = 2; bits <= 8; bits++) {
      for (const signed of [true, false]) {
        for (const narrow of [true, false]) {
          if (narrow && grid === 'midrise') continue;
          const range = levelRange({ bits, signed, grid, narrow });
          expect(levelCount(range)).toBeLessThanOrEqual(2 ** bits);
          expect(levelCount(range)).toBeGreaterThan(1);
          for (let code = 0; code < levelCount(range); code++) {
            const level = codeToLevel(code, range);
            expect(level >= range.qmin && level <= range.qmax).toBe(true);
            expect(levelToCode(level, range)).toBe(code);
          }
        }
      }
    }
  });

  it.each([0, 9, -1, 2.5, Number.NaN])('refuses %d bits', (bits) => {
    const range = () => levelRange({ bits, signed: true, grid: 'midtread', narrow: false });
    expect(range).toThrow(QuantError);
    expect(range).toThrow(`[quant-core] levelRange: bits must be an integer from 1 to 8, got ${bits}`);
  });

  it('refuses a grid with zero alone', () => {
    expect(() => levelRange({ bits: 1, signed: true, grid: 'midtread', narrow: true })).toThrow('two levels or more');
  });
});
