import { beforeAll, describe, expect, test } from 'vitest';
import { allCases, deviations, holds, type Outcome, runAll } from '../src/conformance/index.js';
import { useBackend } from '../src/index.js';
import { devicesHere } from '../src/testing.js';

const devices = await devicesHere();
const ops = [...new Set(allCases.map(({ op }) => op))];

describe.each(devices)('on %s', (device) => {
  let outcomes: readonly Outcome[] = [];
  beforeAll(async () => {
    await useBackend(device);
    outcomes = await runAll();
  }, 240_000);

  test.each(ops)('%s', (op) => {
    const failures = outcomes.filter((outcome) => outcome.op === op && !holds(outcome));
    if (deviations[op]?.[device]) expect(failures).not.toEqual([]);
    else expect(failures).toEqual([]);
  });
});
