/** Reports: one HTML file each, which asks for nothing. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { fqsr, scratch, tiny } from './fqsr.js';
import { runHere } from './in-process.js';

const at = scratch();
const model = fileURLToPath(new URL('../../runtime/test/goldens/edsr-x2-w4a4s8.fqsr', import.meta.url));

/** What must hold of every report. */
function check(path: string): string {
  // Without the pictures, whose text may be anything.
  const html = readFileSync(path, 'utf8').replaceAll(/data:image\/png;base64,[^"]+/g, 'data:');
  expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
  // All it shows is in it: no address but those of data.
  expect(html.match(/(src|href)="(?!data:)/g)).toBeNull();
  expect(html).not.toMatch(/url\(|@import|<script|<link|https?:/);
  for (const [image] of html.matchAll(/<img[^>]*>/g)) expect(image).toMatch(/ alt="[^"]+"/);
  for (const [svg] of html.matchAll(/<svg[^>]*>/g)) expect(svg).toMatch(/role="img" aria-label="[^"]+"/);
  expect(html.match(/<h1>/g)).toHaveLength(1);
  expect(html).not.toMatch(/NaN|Infinity|undefined/);
  return html;
}

describe('fqsr report', () => {
  beforeAll(async () => {
    const watched = ['--validate', 'dead-leaves:2:48', '--validate-every', '3', '--samples', '2'];
    const run = (...more: string[]) => runHere('train', ...tiny, ...watched, '--steps', '6', ...more);
    expect(await run('-o', at('float'))).toMatchObject({ code: 0 });
    const quantized = ['--plan', 'w4a4s8', '--warmup-steps', '2', '-o', at('w4a4s8')];
    expect(await run(...quantized)).toMatchObject({ code: 0 });
  });

  it('shows runs side by side: curves, samples, costs, provenance', async () => {
    const { code, said } = await runHere('report', at('float'), at('w4a4s8'), '-o', at('runs.html'), '--json');
    expect(code, said).toBe(0);
    const { runs } = JSON.parse(said.slice(said.indexOf('{')));
    expect(runs).toMatchObject([
      { model: 'edsr-f4b1', plan: null, steps: 6, of: 6 },
      { model: 'edsr-f4b1', plan: 'w4a4s8', steps: 6, of: 6 },
    ]);
    const html = check(at('runs.html'));
    const headings = ['Samples, where they differ most', 'Clip values by layer', 'Cost', 'Provenance'];
    for (const heading of ['Runs', 'Loss', 'Validation', ...headings]) expect(html).toContain(`<h2>${heading}</h2>`);
    // The float run has no quantizers.
    const clips = html.slice(html.indexOf('Clip values by layer'), html.indexOf('<h2>Cost</h2>'));
    expect(clips.match(/<h3>/g)).toHaveLength(1);
    expect(clips).toMatch(/body\.0\.relu \(4 bits\)<\/th><td class="n">[1-9]/);
    // Original, bicubic, first, last and error map of two images of two runs.
    expect(html.match(/<img/g)).toHaveLength(20);
    expect(html).toContain(runs[1].modelSha256);
    expect(html).toContain('body-w4a4');
    const made = JSON.parse(readFileSync(at('float', 'run.json'), 'utf8')).made;
    expect(made).toMatchObject({ fqsr: expect.any(String), node: process.version });
  });

  it('needs nothing that another command prepares: as a process of its own', async () => {
    const { code, stderr } = await fqsr('report', at('w4a4s8'), '-o', at('alone.html'));
    expect(code, stderr).toBe(0);
    expect(check(at('alone.html'))).toContain('<h2>Clip values by layer</h2>');
  });

  it('shows a run that is not done: a line that is being written, no model', async () => {
    appendFileSync(at('w4a4s8', 'log.jsonl'), '{"step":7,"lo');
    writeFileSync(at('w4a4s8', 'model.safetensors'), '');
    const { code, said } = await runHere('report', at('w4a4s8'), '-o', at('one.html'));
    expect(code, said).toBe(0);
    check(at('one.html'));
  });

  it('refuses what is no run', async () => {
    const { code, said } = await runHere('report', at('nothing'), '-o', at('none.html'));
    expect([code, said]).toEqual([
      2,
      expect.stringMatching(/^fqsr: run: .*nothing must be a folder that fqsr train wrote/),
    ]);
    expect(existsSync(at('none.html'))).toBe(false);
  });
});

describe('fqsr eval --report', () => {
  const checksums: string[] = [];

  it.each([
    ['an integer model', ['--model', model], ['Where it differs most', 'Cost']],
    ['bicubic', ['--method', 'bicubic', '--scale', '2'], ['Where it differs most']],
    ['bicubic of luma', ['--method', 'bicubic-y', '--scale', '2'], []],
  ])('%s', async (_, subject, headings) => {
    const { code, said } = await runHere('eval', ...subject, '--data', 'dead-leaves:3:48', '--report', at('eval.html'));
    expect(code, said).toBe(0);
    const html = check(at('eval.html'));
    for (const heading of ['Result', 'Every image', ...headings, 'Provenance'])
      expect(html).toContain(`<h2>${heading}</h2>`);
    expect(html.match(/<h2>/g)).toHaveLength(3 + headings.length);
    checksums.push(/SHA-256 of the data<\/td><td><code class="hash">([\da-f]{64})</.exec(html)?.[1] ?? html);
    // The same images have the same, whatever measured them.
    expect(new Set(checksums).size).toBe(1);
  });
});
