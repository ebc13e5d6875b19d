import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeImage } from '@fqsr/datasets';
import { buildGraph, cost, layerCosts, modelByName } from '@fqsr/sr-models';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorMap, mostDifferent, smallErrorMap } from './differences.js';
import { commitOf } from './provenance.js';
import { barTable, lineChart, smoothed, ticks } from './svg.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fqsr-report-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('ticks', () => {
  it.each([
    [0, 10, 5, [0, 2, 4, 6, 8, 10]],
    [24.5, 29.6, 5, [26, 28]],
    [0.61, 0.83, 5, [0.65, 0.7, 0.75, 0.8]],
    [3, 3, 5, [3]],
    [0, 800, 8, [0, 100, 200, 300, 400, 500, 600, 700, 800]],
  ])('%d to %d', (low, high, count, expected) => {
    expect(ticks(low, high, count)).toEqual(expected);
  });
});

describe('smoothed', () => {
  it('is means over windows of one length, at the last step of each', () => {
    const line = (count: number) => ({
      name: 'a',
      points: Array.from({ length: count }, (_, i) => [i + 1, i] as const),
    });
    const [long, short, none] = smoothed([line(10), line(3), line(0)], 5);
    expect(long?.points).toEqual([
      [2, 0.5],
      [4, 2.5],
      [6, 4.5],
      [8, 6.5],
      [10, 8.5],
    ]);
    expect(short?.points).toEqual([
      [2, 0.5],
      [3, 2],
    ]);
    expect(none?.points).toEqual([]);
    expect(smoothed([line(1)])).toEqual([line(1)]);
  });
});

describe('lineChart', () => {
  it('says what it shows, lists its values, and escapes names', () => {
    const html = lineChart({
      title: 'PSNR',
      xLabel: 'step',
      yLabel: 'dB',
      series: [
        {
          name: '<run>',
          points: [
            [1, 30],
            [2, 31.5],
          ],
        },
      ],
      format: (y) => y.toFixed(1),
    });
    expect(html).toContain('aria-label="PSNR: &#60;run&#62; from 30.0 to 31.5"');
    expect(html).toContain('<td>&#60;run&#62;</td><td class="n">2</td><td class="n">31.5</td>');
    expect(html).not.toContain('<run>');
    expect(html).not.toContain('NaN');
    expect(html.match(/<svg/g)).toHaveLength(2);
  });

  it('draws one point, and what is above the ceiling at the top', () => {
    const chart = (points: [number, number][], ceiling?: number) =>
      lineChart({ title: 't', xLabel: 'x', yLabel: 'y', series: [{ name: 'a', points }], ceiling });
    expect(chart([[5, 1]])).not.toMatch(/NaN|Infinity/);
    const heights = [
      ...chart(
        [
          [0, 1000],
          [1, 2],
          [2, 1],
        ],
        2,
      ).matchAll(/[ML]([\d.]+) ([\d.]+)/g),
    ].map(([, , y]) => Number(y));
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(28);
  });
});

describe('barTable', () => {
  it('has the widest bar full', () => {
    const html = barTable(
      ['layer', 'share'],
      [
        { name: 'a', value: 1, text: '25 %' },
        { name: 'b', value: 4, text: '75 %' },
      ],
    );
    expect([...html.matchAll(/width:([\d.]+)%/g)].map(([, width]) => width)).toEqual(['25', '100']);
  });
});

describe('differences', () => {
  it('finds the window, and draws none as black and much as white', () => {
    const [a, b] = [makeImage(64, 48), makeImage(64, 48)];
    for (let y = 32; y < 48; y++)
      for (let x = 40; x < 56; x++) b.data.fill(255, (y * 64 + x) * 3, (y * 64 + x) * 3 + 3);
    const { window, error } = mostDifferent(a, b, 16);
    expect(window).toEqual({ x: 40, y: 32, size: 16 });
    expect(error).toBeCloseTo(219 ** 2);
    const map = errorMap(a, b);
    expect([...map.data.subarray(0, 3)]).toEqual([0, 0, 4]);
    expect([...map.data.subarray((33 * 64 + 41) * 3, (33 * 64 + 41) * 3 + 3)]).toEqual([252, 255, 220]);
    const small = smallErrorMap(a, b, 16);
    expect([small.width, small.height]).toEqual([16, 12]);
    expect([...small.data.subarray((9 * 16 + 11) * 3, (9 * 16 + 11) * 3 + 3)]).toEqual([252, 255, 220]);
  });
});

describe('layerCosts', () => {
  it.each(['edsr-f8b2', 'srresnet-f8b1'])('adds up to the cost of %s', (name) => {
    const graph = buildGraph(modelByName(name, 4));
    const layers = layerCosts(graph);
    const { bitOpsPerPixel, macsPerPixel } = cost(graph);
    expect(layers.reduce((sum, { bitOps }) => sum + bitOps, 0)).toBe(bitOpsPerPixel);
    expect(layers.reduce((sum, { macs }) => sum + macs, 0)).toBe(macsPerPixel);
    expect(layers[0]).toMatchObject({ op: 'conv2d', weightBits: 32, inputBits: 32 });
  });
});

describe('commitOf', () => {
  const [one, two] = ['1'.repeat(40), '2'.repeat(40)];

  it('reads a branch, a packed branch, a commit, and a worktree', async () => {
    const at = (...parts: string[]) => join(folder, ...parts);
    await mkdir(at('a', '.git', 'refs', 'heads'), { recursive: true });
    await mkdir(at('a', 'deep', 'er'), { recursive: true });
    await writeFile(at('a', '.git', 'HEAD'), 'ref: refs/heads/main\n');
    await writeFile(at('a', '.git', 'packed-refs'), `# pack-refs\n${two} refs/heads/main\n`);
    expect(await commitOf(at('a', 'deep', 'er'))).toBe(two);
    await writeFile(at('a', '.git', 'refs', 'heads', 'main'), `${one}\n`);
    expect(await commitOf(at('a'))).toBe(one);
    await mkdir(at('a', '.git', 'worktrees', 'b'), { recursive: true });
    await writeFile(at('a', '.git', 'worktrees', 'b', 'HEAD'), 'ref: refs/heads/main\n');
    await writeFile(at('a', '.git', 'worktrees', 'b', 'commondir'), '../..\n');
    await mkdir(at('b'));
    await writeFile(at('b', '.git'), `gitdir: ${at('a', '.git', 'worktrees', 'b')}\n`);
    expect(await commitOf(at('b'))).toBe(one);
    await writeFile(at('a', '.git', 'HEAD'), `${two}\n`);
    expect(await commitOf(at('a'))).toBe(two);
  });

  it('gives nothing without a checkout', async () => {
    expect(await commitOf(folder)).toBeNull();
  });
});
