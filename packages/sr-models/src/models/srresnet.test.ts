import { describe, expect, it } from 'vitest';
import { ModelError } from '../error.js';
import { srresnet } from './srresnet.js';

describe('names', () => {
  const plain = { features: 16, blocks: 4, batchNorm: true, output: 'linear', imageSkip: 'none' };

  it.each([
    ['srresnet-f16b4', plain],
    ['srresnet-f16b4-nobn', { ...plain, batchNorm: false }],
    ['srgan-f16b4', { ...plain, output: 'tanh' }],
    ['srresnet-f16b4-bilinear', { ...plain, imageSkip: 'bilinear' }],
    ['srresnet-f16b4-nobn-bilinear', { ...plain, batchNorm: false, imageSkip: 'bilinear' }],
    ['srresnet-bilinear', { ...plain, features: 64, blocks: 16, imageSkip: 'bilinear' }],
  ])('%s', (name, config) => {
    expect(srresnet.parse(name)).toEqual(config);
  });

  it.each(['srresnet-f16', 'srresnet-f16b4-bilinear-nobn', 'srresnet-f16b4-bilinear-bilinear', '-bilinear'])(
    'has no %s',
    (name) => {
      expect(srresnet.parse(name)).toBeNull();
    },
  );
});

describe('image skip', () => {
  const config = { scale: 2, blocks: 1, features: 4 };

  it('adds what the tail makes to an enlargement', () => {
    const nodes = srresnet.build({ ...config, imageSkip: 'bilinear' }, 'x').nodes;
    expect(nodes.find(({ name }) => name === 'tail.add')).toMatchObject({
      op: 'add',
      inputs: ['base.shuffle', 'tail'],
    });
    expect(srresnet.build(config, 'x').nodes.some(({ name }) => name === 'tail.add')).toBe(false);
  });

  it.each([
    ['config.imageSkip must be none or bilinear, got "nearest"', { imageSkip: 'nearest' }],
    ['config.output must be linear where imageSkip is bilinear, got "tanh"', { imageSkip: 'bilinear', output: 'tanh' }],
  ])('refuses: %s', (reason, fields) => {
    expect(() => srresnet.check({ ...config, ...fields })).toThrow(ModelError);
    expect(() => srresnet.check({ ...config, ...fields })).toThrow(reason);
  });
});
