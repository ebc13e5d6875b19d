/** `--backend` and `fqsr doctor`, in processes of their own: they must find the device and end by themselves. */
import { probeBackends } from '@fqsr/backends';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fqsr, scratch, tiny } from './fqsr.js';

const at = scratch();
const statuses = await probeBackends();
const webgpu = statuses.find(({ name }) => name === 'webgpu');
if (!webgpu?.available) process.stderr.write(`skipped: fqsr on webgpu, since ${webgpu?.why}\n`);

/** Drivers are found through Vulkan, so that naming none leaves none. */
const removable = process.platform === 'linux';
function withoutDriver(): void {
  vi.stubEnv('VK_ICD_FILENAMES', '/none.json');
  vi.stubEnv('VK_DRIVER_FILES', '/none.json');
}
afterEach(() => vi.unstubAllEnvs());

describe.skipIf(!webgpu?.available)('on webgpu', () => {
  it('trains and says what it runs on; webgpu and wasm measure the same', async () => {
    const run = at('run');
    const first = await fqsr('train', ...tiny, '--steps', '3', '--plan', 'w4a4s8', '--backend', 'webgpu', '-o', run);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr).toMatch(/backend webgpu: asked for; it runs on \S/);
    const measure = async (backend: string) => {
      const model = ['--model', `${run}/model.safetensors`, '--data', 'dead-leaves:1:32'];
      const { code, stdout, stderr } = await fqsr('eval', ...model, '--backend', backend, '--json');
      expect(code, stderr).toBe(0);
      return (JSON.parse(stdout) as { readonly psnr: number }).psnr;
    };
    expect(Math.abs((await measure('webgpu')) - (await measure('wasm')))).toBeLessThan(0.01);
  });
});

describe.skipIf(!removable)('without a device', () => {
  it('webgpu is an error with a remedy', async () => {
    withoutDriver();
    const { code, stderr } = await fqsr('train', ...tiny, '--steps', '1', '--backend', 'webgpu', '-o', at('none'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/webgpu must find an adapter, got none \(install a driver/);
  });

  it('auto takes wasm and says why', async () => {
    withoutDriver();
    const { code, stderr } = await fqsr('train', ...tiny, '--steps', '1', '-o', at('auto'));
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/backend wasm: WASM SIMD .* webgpu must find an adapter/);
  });
});

it('a backend for what TensorFlow.js does not compute is refused', async () => {
  const bicubic = ['--data', 'dead-leaves:1:32', '--scale', '2', '--method', 'bicubic'];
  const { code, stderr } = await fqsr('eval', ...bicubic, '--backend', 'wasm');
  expect(code).toBe(2);
  expect(stderr).toContain('--backend: must be given with a checkpoint only, got wasm with a method');
});

describe('doctor', () => {
  it('reports every backend, what it computes and how fast', async () => {
    const { code, stdout, stderr } = await fqsr('doctor', '--json');
    expect(code, stderr).toBe(0);
    const report = JSON.parse(stdout) as {
      readonly node: string;
      readonly gpu: { readonly limits: Readonly<Record<string, number>> } | null;
      readonly backends: readonly {
        readonly name: string;
        readonly available: boolean;
        readonly speed: { readonly forward: number } | null;
        readonly operations: readonly { readonly holds: boolean; readonly known: string }[];
      }[];
      readonly auto: { readonly name: string };
    };
    expect(report.node).toBe(process.version);
    expect(report.backends.map(({ name, available }) => [name, available])).toEqual(
      statuses.map(({ name, available }) => [name, available]),
    );
    for (const { available, speed, operations } of report.backends) {
      if (!available) continue;
      expect(speed?.forward).toBeGreaterThan(0);
      expect(operations.length).toBeGreaterThan(60);
      expect(operations.filter(({ holds, known }) => !holds && known === '')).toEqual([]);
    }
    if (webgpu?.available) expect(report.gpu?.limits['maxBufferSize']).toBeGreaterThan(2 ** 20);
  }, 240_000);

  it.skipIf(!removable)(
    'says in text what is missing',
    async () => {
      withoutDriver();
      const { code, stdout } = await fqsr('doctor');
      expect(code).toBe(0);
      expect(stdout).toContain('GPU: none that WebGPU finds');
      expect(stdout).toMatch(/webgpu +- .* does not start/);
      expect(stdout).toMatch(/what to do:\n- webgpu must find an adapter/);
    },
    120_000,
  );
});
