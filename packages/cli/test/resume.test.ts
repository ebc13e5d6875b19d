/** A run that was killed and resumed equals the run that was not, bit for bit. */
import { existsSync, readFileSync } from 'node:fs';
import { readSafetensors } from '@fqsr/runtime/format';
import { describe, expect, it } from 'vitest';
import { stepOf } from '../src/logs/tensorboard-event.js';
import { readRecords } from '../src/logs/tf-record.js';
import { fqsr, scratch, start, tiny } from './fqsr.js';

const at = scratch();
const steps = 60;
const options = (...more: string[]) => [...tiny, '--steps', String(steps), '--checkpoint-every', '5', ...more];
const quantized = ['--plan', 'w4a4s8', '--warmup-steps', '12', '--calibration', 'mse'];

const logLines = (run: string) =>
  existsSync(at(run, 'log.jsonl')) ? readFileSync(at(run, 'log.jsonl'), 'utf8').split('\n').length - 1 : 0;

const models = ['model.safetensors', 'model-ema.safetensors', 'best.safetensors'];

/** The steps of a TensorBoard file's events; none without a file. */
function eventSteps(path: string): readonly number[] {
  if (!existsSync(path)) return [];
  return [...readRecords(readFileSync(path))].map(({ data }) => stepOf(data));
}

/** Starts a run and kills it once its log has so many lines. */
async function killAt(run: string, lines: number, more: string[]): Promise<void> {
  const { process, ended } = start(['train', ...options(...more), '-o', at(run)]);
  while (logLines(run) < lines && process.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 2));
  process.kill('SIGKILL');
  await ended;
  expect(existsSync(at(run, 'model.safetensors'))).toBe(false);
}

/** Everything that has a memory of its own. */
const everything = [
  ...['--loss', 'l1=1,multi-scale-gradient=0.1', '--optimizer', 'adamw', '--clip-norm', '20', '--ema-decay', '0.9'],
  ...['--schedule', 'cosine-restarts', '--restart-at', '20,45'],
  ...['--validate', 'dead-leaves:1:48', '--validate-every', '9', '--tensorboard'],
];
const adversarial = ['--adversarial', 'relativistic', '--discriminator-features', '2'];

/** Runs that were not killed, by their options. */
const wholes = new Map<string, Promise<string>>();

/** The folder of the run with these options that was not killed. */
function whole(more: readonly string[]): Promise<string> {
  const key = more.join(' ');
  const known = wholes.get(key);
  if (known) return known;
  const run = `whole-${wholes.size}`;
  const made = fqsr('train', ...options(...more), '-o', at(run)).then(({ code, stderr }) => {
    expect(code, stderr).toBe(0);
    return run;
  });
  wholes.set(key, made);
  return made;
}

describe.each([
  ['in float', [], 22],
  ['with every option that remembers', everything, 31],
  ['against a discriminator, quantized', [...quantized, ...adversarial, '--ema-decay', '0.9'], 27],
  ['quantized, killed inside the warm-up', quantized, 8],
  ['quantized, killed after it', quantized, 33],
  ['quantized, killed before the first checkpoint', quantized, 2],
] as const)('training %s', (title, more, lines) => {
  const name = title.replaceAll(/\W+/g, '-');

  it('gives the same bits after kill -9 and resume', async () => {
    const runs = [await whole(more), `${name}-killed`];
    await killAt(`${name}-killed`, lines, [...more]);
    const resumed = await fqsr('train', '-o', at(`${name}-killed`), '--json');
    expect(resumed.code, resumed.stderr).toBe(0);
    if (lines > 5) expect(JSON.parse(resumed.stdout).resumedFrom).toBeGreaterThan(0);
    const [a, b] = runs.map((run) => readSafetensors(readFileSync(at(run, 'model.safetensors'))));
    expect(b?.tensors).toEqual(a?.tensors);
    expect(a?.tensors.size).toBeGreaterThan(5);
    for (const file of ['log.jsonl', 'validation.jsonl', 'checkpoint.safetensors', ...models]) {
      const [whole, killed] = runs.map((run) => at(run, file));
      expect(existsSync(killed as string)).toBe(existsSync(whole as string));
      if (existsSync(whole as string)) expect(readFileSync(killed as string)).toEqual(readFileSync(whole as string));
    }
    const steps = runs.map((run) => eventSteps(at(run, 'events.out.tfevents.fqsr')));
    expect(steps[1]).toEqual(steps[0]);
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
