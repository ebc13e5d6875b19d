import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { devices } from '../../test/devices.js';
import { roundWith } from '../../test/ste.js';
import { clipped } from './clipped.js';

describe.each(devices)('clipped on %s', (device) => {
  beforeAll(() => useBackend(device));

  it('passes the gradient inside and on the clip edges, and blocks it outside', () => {
    const range = { qmin: -4, qmax: 3, spacing: 1 } as const;
    const r = [-1e30, -4.0001, -4, -3.9999, -0.5, 0, 2.9999, 3, 3.0001, 1e30, Infinity, -Infinity];
    tf.tidy(() => {
      const { value, grad } = tf.valueAndGrad((x) => roundWith(clipped, x, range))(
        tf.tensor1d(r),
        tf.tensor1d(r.map((_, i) => i + 1)),
      );
      expect(Array.from(value.dataSync(), (q) => q + 0)).toEqual([-4, -4, -4, -4, 0, 0, 3, 3, 3, 3, 3, -4]);
      expect([...grad.dataSync()]).toEqual([0, 0, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0]);
    });
  });
});
