import { describe, expect, it } from 'vitest';
import { exportCommand } from '../commands/export.js';
import { flagsOf } from '../flags.js';
import { openOnnxRuntime } from '../onnx-runtime.js';
import type { IntegerFormat } from './format.js';
import { checkOnnx } from './onnx.js';
import { formatByName, formatNames, formats, registerExportFormat } from './registry.js';

describe('formats', () => {
  it.each(Object.entries(formats))('%s says what it is', (name, { label, of, isForeign, output }) => {
    expect(label.length).toBeGreaterThan(10);
    expect(isForeign).toBe(name !== 'fqsr');
    expect([of, output]).toEqual([
      /float|tfjs/.test(name) ? 'float' : 'integers',
      label.includes('folder') ? 'folder' : 'file',
    ]);
  });
});

describe('checkOnnx', () => {
  const layer = { tensor: 'a', samples: 1000, different: 40, largest: 3 };

  it('judges the image, the last row', () => {
    expect(() => checkOnnx([layer, { tensor: 'output', samples: 1000, different: 1, largest: 1 }], 'x')).not.toThrow();
    expect(() => checkOnnx([layer, { tensor: 'output', samples: 1000, different: 2, largest: 1 }], 'x')).toThrow(
      /the image of x must equal the integers to 1 level on 0\.1 % of samples, got 1 levels on 0\.200 %, first in a/,
    );
    expect(() => checkOnnx([{ ...layer, different: 1, largest: 2 }], 'x')).toThrow(/got 2 levels on 0\.100 %/);
  });
});

describe('openOnnxRuntime', () => {
  it('takes the first package that is installed', async () => {
    const { label } = await openOnnxRuntime(['@fqsr/no-such-runtime', 'onnxruntime-web']);
    expect(label).toMatch(/^onnxruntime-web \d+\.\d+\.\d+$/);
  });

  it('says what to install where there is none', async () => {
    await expect(openOnnxRuntime(['@fqsr/no-such-runtime'])).rejects.toThrow(
      'none of @fqsr/no-such-runtime is installed (npm install onnxruntime-node, or take --unverified)',
    );
  });
});

describe('registerExportFormat', () => {
  const text: IntegerFormat = {
    of: 'integers',
    label: 'the bytes as text',
    isForeign: false,
    output: 'file',
    write: async ({ bytes }) => ({ bytes: new TextEncoder().encode(bytes.join(' ')), verified: null }),
  };

  it('makes a format known to the command and its help', () => {
    expect(() => formatByName('text')).toThrow('format must be one of fqsr, onnx, onnx-float, tfjs, got "text"');
    registerExportFormat('text', text);
    expect(formatByName('text')).toBe(text);
    expect(formatNames()).toEqual([...Object.keys(formats), 'text']);
    expect(exportCommand.options.shape.format.parse('text')).toBe('text');
    expect(flagsOf(exportCommand).find(({ long }) => long === '--format')).toMatchObject({
      choices: formatNames(),
      description: expect.stringContaining('text: the bytes as text'),
    });
  });

  it('refuses a name that is taken or none, and what cannot write', () => {
    expect(() => registerExportFormat('onnx', text)).toThrow(
      '[cli] registerExportFormat: name must be new, got "onnx", which there is (choose another name)',
    );
    expect(() => registerExportFormat('__proto__', text)).toThrow('name must be lower-case letters, digits and dashes');
    expect(() => registerExportFormat('other', { ...text, write: null as never })).toThrow(
      'format.write must be a function, got object',
    );
  });
});
