/** `docs/format.md` is current. `UPDATE_DOCS=1 npx vitest run --project @fqsr/runtime test/format-doc.test.ts` writes its dump anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { limits, parseModel, serializeModel } from '../src/format.js';
import { MAX_DEPTH, MAX_ITEMS } from '../src/json.js';
import type { IntegerModel } from '../src/model.js';
import { runModel } from '../src/run.js';
import { MAX_HEADER_BYTES, readSafetensors } from '../src/safetensors.js';
import { hexDump } from './hex-dump.js';
import { imageGrid } from './models.js';

const path = new URL('../../../docs/format.md', import.meta.url);

/** Exchanges red and blue: one convolution of 1 x 1 with weights of 2 bits, and its rescaling by 1. */
const model: IntegerModel = {
  name: 'swap',
  scale: 1,
  nodes: [
    { op: 'input', name: 'in', channels: 3, zeroPoint: [0, 0, 0] },
    {
      op: 'conv2d',
      name: 'c',
      input: 'in',
      kernel: [1, 1],
      inChannels: 3,
      outChannels: 3,
      weight: 'w',
      weightBits: 2,
      bias: 'b',
    },
    { op: 'requantize', name: 'q', input: 'c', multiplier: 'm', shift: 'n', grid: imageGrid, qmin: 0, qmax: 255 },
    { op: 'output', name: 'out', input: 'q' },
  ],
  tensors: {
    w: Int8Array.of(0, 0, 1, 0, 1, 0, 1, 0, 0),
    b: Int32Array.of(0, 0, 0),
    m: Int32Array.of(2 ** 30),
    n: Uint8Array.of(30),
  },
  metadata: {},
};

/** What stands between the fences behind a heading. */
function block(text: string, heading: string): readonly [number, number] {
  const from = text.indexOf('```', text.indexOf(`\n## ${heading}\n`));
  const begin = text.indexOf('\n', from) + 1;
  return [begin, text.indexOf('\n```', begin)];
}

describe('docs/format.md', () => {
  it('shows the bytes of a file as it is written', () => {
    const file = serializeModel(model);
    const graph = JSON.stringify(JSON.parse(readSafetensors(file).metadata['fqsr'] ?? ''), null, 1)
      .replace(/\[[\s\d,]*\]/g, (list) => list.replace(/\s+/g, '').replaceAll(',', ', '))
      .replace(/\{([^{}]*)\}/g, (_, fields: string) => `{${fields.replace(/\s+/g, ' ')}}`);
    const wanted = { 'A whole file': hexDump(file, { w: { bits: 2, count: 9 } }), 'Its graph': graph };
    for (const [heading, content] of Object.entries(wanted)) {
      const text = readFileSync(path, 'utf8');
      const [begin, end] = block(text, heading);
      if (process.env['UPDATE_DOCS']) writeFileSync(path, text.slice(0, begin) + content + text.slice(end));
      else expect(text.slice(begin, end)).toBe(content);
    }
  });

  it('shows a file that does what is said of it', () => {
    const image = { width: 2, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3, 255, 0, 9) } as const;
    expect([...runModel(parseModel(serializeModel(model)), image).data]).toEqual([3, 2, 1, 9, 0, 255]);
  });

  it('names every limit', () => {
    const text = readFileSync(path, 'utf8');
    const all = { header: MAX_HEADER_BYTES, depth: MAX_DEPTH, items: MAX_ITEMS, ...limits };
    for (const [name, value] of Object.entries(all)) {
      expect(text).toMatch(new RegExp(`^\\| \`${name}\` \\| ${value.toLocaleString('en-US')} \\|`, 'm'));
    }
  });
});
