/** A run that was killed and resumed equals the run that was not, bit for bit. */
import { existsSync, readFileSync } from 'node:fs';
import { readSafetensors } from '@fqsr/runtime/format';
import { describe, expect, it } from 'vitest';
import { fqsr, scratch, start, tiny } from './fqsr.js';

const at = scratch();
const steps = 60;
const options = (...more: string[]) => [...tiny, '--steps', String(steps), '--checkpoint-every', '5', ...more];
const quantized = ['--plan', 'w4a4s8', '--warmup-steps', '12', '--calibration', 'mse'];

const logLines = (run: string) =>
  existsSync(at(run, 'log.jsonl')) ? readFileSync(at(run, 'log.jsonl'), 'utf8').split('\n').length - 1 : 0;

/** Starts a run and kills it once its log has so many lines. */
async function killAt(run: string, lines: number, more: string[]): Promise<void> {
  const { process, ended } = start(['train', ...options(...more), '-o', at(run)]);
  while (logLines(run) < lines && process.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 2));
  process.kill('SIGKILL');
  await ended;
  expect(existsSync(at(run, 'model.safetensors'))).toBe(false);
}

describe.each([
  ['in float', [], 22],
  ['quantized, killed inside the warm-up', quantized, 8],
  ['quantized, killed after it', quantized, 33],
  ['quantized, killed before the first checkpoint', quantized, 2],
] as const)('training %s', (title, more, lines) => {
  const name = title.replaceAll(/\W+/g, '-');

  it('gives the same bits after kill -9 and resume', async () => {
    const whole = await fqsr('train', ...options(...more), '-o', at(`${name}-whole`));
    expect(whole.code, whole.stderr).toBe(0);
    await killAt(`${name}-killed`, lines, [...more]);
    const resumed = await fqsr('train', '-o', at(`${name}-killed`), '--json');
    expect(resumed.code, resumed.stderr).toBe(0);
    if (lines > 5) expect(JSON.parse(resumed.stdout).resumedFrom).toBeGreaterThan(0);
    const [a, b] = [`${name}-whole`, `${name}-killed`].map((run) =>
      readSafetensors(readFileSync(at(run, 'model.safetensors'))),
    );
    expect(b?.tensors).toEqual(a?.tensors);
    expect(a?.tensors.size).toBeGreaterThan(5);
    expect(readFileSync(at(`${name}-killed`, 'log.jsonl'), 'utf8')).toBe(
      readFileSync(at(`${name}-whole`, 'log.jsonl'), 'utf8'),
    );
  });
});

describe('SIGINT', () => {
  it('saves and ends with the way to go on', async () => {
    const { process, ended } = start(['train', ...options(), '--checkpoint-every', '1000', '-o', at('interrupted')]);
    while (logLines('interrupted') < 3) await new Promise((resolve) => setTimeout(resolve, 2));
    process.kill('SIGINT');
    const { code, stderr } = await ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/stopped at step \d+ of 60, saved \(fqsr train -o .* goes on\)/);
    const resumed = await fqsr('train', '-o', at('interrupted'), '--json');
    expect(JSON.parse(resumed.stdout).resumedFrom).toBeGreaterThan(2);
  });
});
