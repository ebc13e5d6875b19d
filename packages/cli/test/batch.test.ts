/** Many images at a time: folders, patterns and pipes in, a folder or a pipe out, broken ones among them, stopped and gone on with. */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { decodeImage, encodePng, makeImage } from '@fqsr/datasets';
import { beforeAll, describe, expect, it } from 'vitest';
import { fqsr, scratch } from './fqsr.js';
import { runHere } from './in-process.js';

const at = scratch();
const model = ['--model', fileURLToPath(new URL('../../runtime/test/goldens/edsr-x2-w4a4s8.fqsr', import.meta.url))];
const bin = fileURLToPath(new URL('../bin/fqsr.js', import.meta.url));

async function png(width: number, height: number): Promise<Uint8Array> {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37) % 256);
  return encodePng(makeImage(width, height, data));
}

beforeAll(async () => {
  mkdirSync(at('photos', 'deep'), { recursive: true });
  for (const [i, name] of ['a.png', 'b.png', 'deep/a.png'].entries())
    writeFileSync(at('photos', name), await png(9 + i, 7));
  mkdirSync(at('mixed'));
  for (const name of ['1.png', '3.png']) writeFileSync(at('mixed', name), await png(8, 8));
  writeFileSync(at('mixed', '2.png'), (await png(8, 8)).subarray(0, 60));
  writeFileSync(at('mixed', 'notes.txt'), 'no image');
});

/** Runs the command on bytes; what it wrote. */
async function pipe(
  input: Uint8Array,
  args: readonly string[],
): Promise<{ code: number | null; out: Buffer; err: string }> {
  const child = spawn(process.execPath, [bin, ...args], { stdio: 'pipe' });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, out: Buffer.concat(out), err: Buffer.concat(err).toString() };
}

const results = (folder: string) =>
  readdirSync(at(folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(png|webp)$/.test(name))
    .sort();

describe('what comes in', () => {
  it('a folder keeps its folders, and its results are no inputs of the next call', async () => {
    for (let turn = 0; turn < 2; turn++) {
      const { code, said } = await runHere('upscale', at('photos'), '-o', at('photos', 'out'), ...model);
      expect(code, said).toBe(0);
      expect(results('photos/out')).toEqual(['a.png', 'b.png', 'deep/a.png']);
    }
    const { width } = await decodeImage(readFileSync(at('photos', 'out', 'deep', 'a.png')));
    expect(width).toBe(22);
  });

  it('a pattern, into another format', async () => {
    const args = ['upscale', at('photos', '*.png'), '-o', at('webp'), '--format', 'webp', ...model];
    const { code, said } = await runHere(...args);
    expect(code, said).toBe(0);
    expect(results('webp')).toEqual(['a.webp', 'b.webp']);
  });

  it('a pattern without a match is named', async () => {
    const { code, said } = await runHere('upscale', at('photos', '*.tif'), '-o', at('none'), ...model);
    expect(code).toBe(1);
    expect(said).toMatch(/photos.*\*\.tif must have an image, got none/);
  });

  it('stdin, and stdout holds the image alone', async () => {
    const { code, out, err } = await pipe(await png(5, 4), ['upscale', '-', '-o', '-', '--json', ...model]);
    expect(code, err).toBe(0);
    expect(await decodeImage(out)).toMatchObject({ width: 10, height: 8 });
    expect(err).toMatch(/"arithmetic": "integer"/);
  });

  it('broken bytes of stdin leave stdout empty', async () => {
    const { code, out, err } = await pipe(Buffer.from('no image'), ['upscale', '-', '-o', '-', ...model]);
    expect(code).toBe(1);
    expect(out.length).toBe(0);
    expect(err).toMatch(/^fqsr: .*\n$/);
  });

  it('several do not fit into stdout', async () => {
    const { code, said } = await runHere('upscale', at('photos'), '-o', '-', ...model);
    expect(code).toBe(2);
    expect(said).toMatch(/--output: must be a folder for several inputs, got -/);
  });
});

describe('a batch', () => {
  const run = (...more: string[]) => fqsr('upscale', at('mixed'), '-o', at('done'), '--json', ...model, ...more);

  it('goes on after a broken image, and fails in the end', async () => {
    const { code, stdout, stderr } = await run();
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      images: [{ width: 16 }, { width: 16 }],
      kept: [],
      failed: [{ input: at('mixed', '2.png'), error: expect.stringContaining('2.png') }],
    });
    expect(stderr).toMatch(/failed: 1 of 3/);
    expect(results('done')).toEqual(['1.png', '3.png']);
  });

  it('keeps what is whole, makes again what is older than its input, or all of it when asked', async () => {
    const made = () => statSync(at('done', '1.png')).mtimeMs;
    const first = made();
    writeFileSync(at('mixed', '2.png'), await png(8, 8));
    const second = JSON.parse((await run()).stdout);
    expect([second.kept.length, second.images.length, made()]).toEqual([2, 1, first]);
    const later = new Date(Date.now() + 60_000);
    utimesSync(at('mixed', '3.png'), later, later);
    const third = JSON.parse((await run()).stdout);
    expect(third.images.map(({ input }: { input: string }) => input)).toEqual([at('mixed', '3.png')]);
    const fourth = JSON.parse((await run('--overwrite')).stdout);
    expect([fourth.kept.length, fourth.images.length]).toEqual([0, 3]);
  });

  it('keeps nothing that another model made', async () => {
    const other = fileURLToPath(new URL('../../runtime/test/goldens/edsr-x4-w8a8s8.fqsr', import.meta.url));
    const { said } = await runHere('upscale', at('mixed'), '-o', at('done'), '--model', other, '--json');
    expect(said).toMatch(/"kept": \[\]/);
  });

  it('keeps nothing that other options made', async () => {
    const again = () => runHere('upscale', at('mixed'), '-o', at('done'), ...model, '--strip', '--json');
    expect((await again()).said).toMatch(/"kept": \[\]/);
    expect((await again()).said).not.toMatch(/"kept": \[\]/);
  });

  it('stopped by Ctrl-C says how far it came, leaves whole files alone, and goes on', async () => {
    mkdirSync(at('many'));
    const image = await png(220, 220);
    for (let i = 10; i < 40; i++) writeFileSync(at('many', `${i}.png`), image);
    const args = ['upscale', at('many'), '-o', at('stopped'), ...model];
    const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const said: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const count = () => {
      try {
        return results('stopped').filter((name) => !name.startsWith('.')).length;
      } catch {
        return 0;
      }
    };
    while (count() < 2 && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 2));
    child.kill('SIGINT');
    expect(await ended).toBe(1);
    expect(Buffer.concat(said).toString()).toMatch(
      /^fqsr: stopped by Ctrl-C after \d+ of 30 images \(the same command goes on\)$/m,
    );
    expect(readdirSync(at('stopped')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const before = count();
    const { stdout } = await fqsr(...args, '--json');
    expect(JSON.parse(stdout).kept).toHaveLength(before);
    expect(count()).toBe(30);
  });
});
