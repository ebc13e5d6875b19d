import { describe, expect, it } from 'vitest';
import { perChannelPlan, tinyEdsr, tinyQuantized } from '../../test/networks.js';
import { auditGraph } from './audit.js';

describe('auditGraph', () => {
  it('lists the grid of every tensor of a quantized network', () => {
    const { rows, fullyQuantized, floats } = auditGraph(tinyQuantized('w4a4s6'));
    expect({ fullyQuantized, floats }).toEqual({ fullyQuantized: true, floats: [] });
    const row = (tensor: string) => rows.find((one) => one.tensor === tensor);
    expect(row('input')).toMatchObject({ role: 'image', size: 3, grid: 'uint8, zero at 114/111/103', bits: 8 });
    expect(row('head.weight')).toMatchObject({ role: 'weights', size: 108, grid: 'int4 [-7, 7] per channel', bits: 4 });
    expect(row('head.bias')).toMatchObject({ role: 'bias', size: 4, grid: 'int32' });
    expect(row('head')).toMatchObject({ role: 'accumulator', size: 4, grid: 'int32' });
    expect(row('body.0.conv1.in')).toMatchObject({ role: 'activations', grid: 'int4 [-8, 7]' });
    expect(row('body.0.conv2.in')).toMatchObject({ role: 'activations', grid: 'uint4 [0, 15]' });
    expect(row('body.0.add.a')).toMatchObject({ role: 'skips', grid: 'int6 [-32, 31]' });
    expect(row('body.0.add')).toMatchObject({ role: 'sum', grid: 'int32' });
    expect(row('output.in')).toMatchObject({ role: 'outputs', size: 12, grid: 'uint8 [0, 255]' });
    expect(rows.filter(({ role }) => role === 'skips').length).toBe(4);
    expect(rows.filter(({ role }) => role === 'weights').length).toBe(5);
  });

  it('says where a grid has a step for each channel', () => {
    const { rows } = auditGraph(tinyQuantized(perChannelPlan('w4a4s8')));
    expect(rows.find(({ tensor }) => tensor === 'body.add.a')?.grid).toBe('int8 [-128, 127] per channel');
  });

  it('finds everything but the image float in a float network', () => {
    const { rows, fullyQuantized, floats } = auditGraph(tinyEdsr());
    expect(fullyQuantized).toBe(false);
    expect(floats).toEqual(rows.filter(({ role }) => role !== 'image').map(({ tensor }) => tensor));
    expect(floats).toEqual(expect.arrayContaining(['head.weight', 'tail', 'body.add input head', 'output']));
  });
});
