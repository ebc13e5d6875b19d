import { describe, expect, it, vi } from 'vitest';
import { measurePeak } from './peak.js';

describe('measurePeak', () => {
  it('counts two operations for each of the four lanes of every sum', () => {
    // Each turn takes a millisecond, by this clock.
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => ++now);
    expect(measurePeak()).toBe((2 * 4 * 12 * 2_000_000) / 1e6);
    clock.mockRestore();
  });
});
