/**
 * Runs the conformance cases on every backend on Node and in Chromium, and compares the table in docs/backends.md with what they gave.
 * `npx vitest run --project @fqsr/tools matrix -u` writes the table.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { useBackend } from '@fqsr/backends';
import { deviations, holds, type Outcome, runAll } from '@fqsr/backends/conformance';
import { devicesHere } from '@fqsr/backends/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scriptPage } from '../gpu/script-page.ts';
import { softwareGpu } from '../gpu/software-gpu.ts';
import { type Column, matrix, withMatrix } from './matrix.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const document = path('../../docs/backends.md');
const onNode = await devicesHere();
const { device, why } = await softwareGpu();
/** Everything depends on the device; the table is that of the software one. */
const missing = device === 'software' && onNode.includes('webgpu') ? null : `no software device (${why})`;
const columns: Column[] = [];

const failures = ({ device, outcomes }: Column): readonly Outcome[] =>
  outcomes.filter((outcome) => !holds(outcome) && !deviations[outcome.op]?.[device]);

test.each(onNode)(
  '%s on Node',
  async (device) => {
    await useBackend(device);
    const column = { title: device, device, outcomes: await runAll() };
    columns.push(column);
    expect(failures(column)).toEqual([]);
  },
  240_000,
);

declare global {
  var conformance: (device: string) => Promise<readonly Outcome[]>;
}

if (missing) {
  test.skip(`in Chromium, and the table: ${missing}`, () => undefined);
} else {
  let opened: Awaited<ReturnType<typeof scriptPage>>;
  beforeAll(async () => {
    opened = await scriptPage(path('cases-page.ts'));
  }, 120_000);
  afterAll(() => opened.close());

  test.each(['wasm', 'webgpu'])(
    '%s in Chromium',
    async (device) => {
      const outcomes = await opened.page.evaluate((name) => globalThis.conformance(name), device);
      const column = { title: `${device}, Chromium`, device, outcomes };
      columns.push(column);
      expect(failures(column)).toEqual([]);
    },
    240_000,
  );

  test('docs/backends.md has this table', async () => {
    const table = matrix(columns);
    await expect(withMatrix(readFileSync(document, 'utf8'), table)).toMatchFileSnapshot(document);
  });
}
