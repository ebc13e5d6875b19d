import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { calibratedParams, tinyQuantized } from '../test/networks.js';
import { ModelError } from './error.js';
import { flatLayout, flatten, splitTensor, unflatten } from './flat.js';
import { checkParams, toTensors } from './params.js';
import { parameters } from './passes/parameters.js';

await useBackend('wasm');

const graph = tinyQuantized();

describe('checkParams', () => {
  it('takes the parameters of the graph', () => {
    expect(() => checkParams(graph, calibratedParams(graph, 1))).not.toThrow();
  });

  it('names what is missing, extra or of another size', () => {
    const params = new Map(calibratedParams(graph, 1));
    const without = new Map(params);
    for (const name of ['head.bias', 'tail.weight']) without.delete(name);
    expect(() => checkParams(graph, without)).toThrow(ModelError);
    expect(() => checkParams(graph, without)).toThrow(
      'tiny-w4a4s8 must have all parameters, missing head.bias, tail.weight (',
    );
    expect(() => checkParams(graph, new Map())).toThrow(/missing head\.weight.* and \d+ more/);
    const more = new Map(params).set('neck.bias', new Float32Array(1));
    expect(() => checkParams(graph, more)).toThrow('must have no other parameters, got neck.bias (');
    params.set('head.weight', new Float32Array(107));
    expect(() => checkParams(graph, params)).toThrow('head.weight must have 108 values (3x3x3x4), got 107 (');
  });
});

describe('the flat vector', () => {
  const layout = flatLayout(graph);
  const params = calibratedParams(graph, 1);

  it('holds weights and biases first, quantizers last, and every shared grid once', () => {
    const kinds = layout.parameters.map(({ kind }) => kind);
    expect(kinds.lastIndexOf('bias')).toBeLessThan(kinds.indexOf('quantizer'));
    expect(kinds.lastIndexOf('weight')).toBeLessThan(kinds.indexOf('quantizer'));
    expect(layout.network).toEqual({ parameters: 10, values: 1000 });
    // Weights 4 * 4 + 12, inputs of four convolutions, two adds; the image's grid learns nothing.
    expect(layout.total).toBe(1000 + 28 + 4 + 2);
    expect(layout.parameters.filter(({ name }) => name.endsWith('.skip.logStep')).length).toBe(2);
  });

  it('gives back what went in', () => {
    const back = unflatten(layout, flatten(layout, params));
    for (const [name, values] of params) expect(back.get(name)).toEqual(values);
    expect(back.size).toBe(params.size);
  });

  it('splits into tensors of the right shapes, without leaks', () => {
    const before = tf.memory().numTensors;
    const flat = tf.tensor1d(flatten(layout, params));
    const parts = splitTensor(layout, flat);
    for (const [i, { name, shape }] of layout.parameters.entries()) {
      expect(parts[i]?.shape).toEqual(shape);
      expect(parts[i]?.dataSync()).toEqual(params.get(name));
    }
    tf.dispose([flat, ...parts]);
    const tensors = toTensors(graph, params);
    expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual(
      parameters(graph).map(({ name, shape }) => [name, shape]),
    );
    tf.dispose([...tensors.values()]);
    expect(tf.memory().numTensors).toBe(before);
  });
});
