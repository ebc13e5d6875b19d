/** Training on several threads: equal bits for any number of them, and ends that are clear. */
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseCheckpoint } from '@fqsr/sr-models';
import { describe, expect, it } from 'vitest';
import { runDefaults } from '../src/commands/train.js';
import { quietIo } from '../src/io.js';
import { defaultShards } from '../src/training/threads.js';
import { resolveModel, train } from '../src/training.js';
import { fqsr, scratch, tiny } from './fqsr.js';

const at = scratch();
const built = existsSync(fileURLToPath(new URL('../dist/train-worker.js', import.meta.url)));
if (!built) process.stderr.write('skipped: training on several threads, since dist/train-worker.js is not built\n');
const quantized = ['--plan', 'w4a4s8', '--warmup-steps', '3', '--steps', '8'];
const file = (run: string, name: string) => readFileSync(at(run, name));

/** Trains with a worker that answers four shards with nothing, and runs `fault` at the fifth. */
async function trainWith(fault: string, run: string) {
  const worker = at(`${run}.mjs`);
  const pool = new URL('../../backends/dist/pool.js', import.meta.url);
  const serve = `let left = 4; await serveShards(async () => (theta) => {
    if (left-- === 0) ${fault};
    return { loss: 1, gradient: new Float32Array(theta.length), extra: { terms: {}, samples: [], statistics: [] } };
  });`;
  await writeFile(worker, `import { serveShards } from ${JSON.stringify(pool.href)};\n${serve}`);
  const config = {
    ...{ ...runDefaults, ...(await resolveModel({ model: 'edsr-f4b1', scale: 2 })) },
    ...{ data: 'dead-leaves:8:64', batchSize: 2, patchSize: 8, shards: 2, steps: 8, checkpointEvery: 3 },
  };
  const io = quietIo();
  const compute = { backend: 'wasm', threads: 2, worker: pathToFileURL(worker) } as const;
  return train(at(run), config, io, undefined, compute);
}

describe.skipIf(!built)('threads', () => {
  it('give the bits of one thread with as many shards; a run goes on with fewer', async () => {
    const teach = ['--distill', 'outputs', '--init', at('float', 'model.safetensors')];
    const float = await fqsr('train', ...tiny, '--steps', '3', '--backend', 'wasm', '-o', at('float'));
    expect(float.code, float.stderr).toBe(0);
    const options = [...tiny.slice(2), ...quantized, ...teach, '--shards', '2', '--checkpoint-every', '3'];
    for (const threads of ['1', '2']) {
      const run = at(`threads-${threads}`);
      const { code, stderr } = await fqsr('train', ...options, '--threads', threads, '--backend', 'wasm', '-o', run);
      expect(code, stderr).toBe(0);
      expect(stderr).toContain(`threads ${threads}: batches are cut into 2 shards`);
    }
    expect(file('threads-2', 'model.safetensors')).toEqual(file('threads-1', 'model.safetensors'));
    expect(file('threads-2', 'log.jsonl')).toEqual(file('threads-1', 'log.jsonl'));
    const more = await fqsr('train', ...options, '--threads', '4', '--backend', 'wasm', '-o', at('threads-2'));
    expect(more.stderr).toContain('threads 2: batches of this run are cut into 2 shards');
  });

  it('a worker that ends stops the run with a clear error, and the last checkpoint goes on', async () => {
    await expect(trainWith('process.exit(3)', 'fault')).rejects.toThrow(
      '[backends] GradientPool.run: workers must live as long as their pool, but one ended with code 3 (open another pool)',
    );
    expect(parseCheckpoint(file('fault', 'checkpoint.safetensors')).run).toMatchObject({ step: 3 });
    const { code, stdout, stderr } = await fqsr('train', '-o', at('fault'), '--threads', '1', '--json');
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ resumedFrom: 3, steps: 8 });
  });

  it('memory that runs out in a worker names what to lower', async () => {
    const fail = `throw new Error("[backends] malloc: the backend's memory must hold all tensors at once, got ...")`;
    await expect(trainWith(fail, 'memory')).rejects.toThrow(
      'out of memory at step 4: lower --batch-size, now 2, or --patch-size, now 8 ([backends]',
    );
  });
});

describe('shards', () => {
  it('are one for a training of a moment, and against a discriminator; else one for each processor', async () => {
    const config = { ...runDefaults, ...(await resolveModel({ model: 'edsr-baseline', scale: 4 })) };
    expect(defaultShards({ ...config, steps: 1, patchSize: 4, batchSize: 2 })).toBe(1);
    expect(defaultShards({ ...config, adversarial: 'standard' })).toBe(1);
    expect(defaultShards({ ...config, batchSize: 1 })).toBe(1);
    expect(defaultShards(config)).toBeGreaterThanOrEqual(1);
  });

  it('are refused against a discriminator', async () => {
    const { code, stderr } = await fqsr('train', ...tiny, '--adversarial', 'standard', '--shards', '2', '-o', at('no'));
    expect(code).toBe(2);
    expect(stderr).toContain('--shards: must be 1 with --adversarial');
    expect(existsSync(at('no'))).toBe(false);
  });
});
