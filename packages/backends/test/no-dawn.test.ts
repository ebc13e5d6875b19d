import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { resolveModule } from '../src/host.js';
import { useBackend } from '../src/index.js';

vi.mock('../src/host.js', async (original) => ({
  ...(await original<typeof import('../src/host.js')>()),
  hostGpu: () => undefined,
  resolveModule: vi.fn(),
}));

const folder = mkdtempSync(join(tmpdir(), 'dawn-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => void vi.mocked(resolveModule).mockReset());

/** Makes the peer a module of that source. */
function installed(source: string): void {
  const path = join(folder, `${source.length}.mjs`);
  writeFileSync(path, source);
  vi.mocked(resolveModule).mockReturnValue(path);
}

test('the peer is not installed', async () => {
  await expect(useBackend('webgpu')).rejects.toThrow(
    '[backends] useBackend: webgpu on Node must have the package webgpu installed, got none (npm install webgpu)',
  );
});

test('the peer does not load here', async () => {
  installed("throw new Error('GLIBC_2.99 not found');");
  await expect(useBackend('webgpu')).rejects.toThrow(
    'the package webgpu must load on this machine, got GLIBC_2.99 not found (it holds binaries for some systems only',
  );
});

test('the peer is something else', async () => {
  installed('export const gpu = 1;');
  await expect(useBackend('webgpu')).rejects.toThrow('the package webgpu must export create and globals, got gpu');
});
