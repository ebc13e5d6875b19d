import { describe, expect, it } from 'vitest';
import { ModelError } from '../error.js';
import { scheduleByName, schedules } from './registry.js';
import type { Schedule, ScheduleOptions } from './types.js';

const options: ScheduleOptions = { steps: 100, decayAt: [50, 80], decayFactor: 0.5, restartAt: [20, 60] };
const entries: readonly (readonly [string, Schedule])[] = Object.entries(schedules);

describe.each(entries)('schedule %s', (key, schedule) => {
  it('is found by its name and described', () => {
    expect(schedule.name).toBe(key);
    expect(schedule.description).not.toBe('');
    expect(scheduleByName(key)).toBe(schedule);
  });

  it('starts at 1 and stays in [0, 1]', () => {
    expect(schedule.factor(0, options)).toBe(1);
    for (let step = 0; step < options.steps; step++) {
      expect(schedule.factor(step, options)).toBeGreaterThanOrEqual(0);
      expect(schedule.factor(step, options)).toBeLessThanOrEqual(1);
    }
  });
});

it.each([
  ['constant', 99, 1],
  ['cosine', 50, 0.5],
  ['cosine', 75, 0.5 * (1 - Math.SQRT1_2)],
  ['step', 49, 1],
  ['step', 50, 0.5],
  ['step', 99, 0.25],
  ['cosine-restarts', 10, 0.5],
  ['cosine-restarts', 20, 1],
  ['cosine-restarts', 40, 0.5],
  ['cosine-restarts', 60, 1],
  ['cosine-restarts', 80, 0.5],
])('%s at step %i of 100 is %f', (name, step, factor) => {
  expect(scheduleByName(name).factor(step, options)).toBeCloseTo(factor, 12);
});

it('cosine ends at 0, as in FQSR', () => {
  expect(scheduleByName('cosine').factor(100, options)).toBeCloseTo(0, 15);
});

it('an unknown name is refused with the choices', () => {
  expect(() => scheduleByName('poly')).toThrow(ModelError);
  expect(() => scheduleByName('poly')).toThrow(
    'schedule must be one of constant, cosine, step, cosine-restarts, got "poly"',
  );
});
