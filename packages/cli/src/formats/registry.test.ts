import { describe, expect, it } from 'vitest';
import { openOnnxRuntime } from '../onnx-runtime.js';
import { checkOnnx } from './onnx.js';
import { formatNames, formats } from './registry.js';

describe('formats', () => {
  it.each(formatNames)('%s says what it is', (name) => {
    const { label, of, isForeign, output } = formats[name];
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
