import { useBackend } from '@fqsr/backends';
import { makePlan, planFromPreset } from '@fqsr/quant-core/spec';
import { readSafetensors, type SafeTensor, writeSafetensors } from '@fqsr/runtime/format';
import { describe, expect, it } from 'vitest';
import { calibratedParams } from '../test/networks.js';
import { adversaryStart } from './adversarial/adversary.js';
import { createObservers, observerStates } from './calibrate.js';
import { type Checkpoint, graphOf, parseCheckpoint, serializeCheckpoint } from './checkpoint.js';
import { ModelError } from './error.js';
import { flatLayout } from './flat.js';
import { modelByName } from './models/registry.js';
import { optimizerStart } from './optimizers/optimizer.js';

await useBackend('wasm');

const model = modelByName('edsr-f4b1', 2);
const plan = makePlan({
  ...planFromPreset('w4a4s8'),
  overrides: [{ pattern: 'tail', role: 'weights', spec: { bits: 8 } }],
});

function checkpoint(): Checkpoint {
  const graph = graphOf({ model, plan });
  const optimizer = { ...optimizerStart('adam', flatLayout(graph).total), steps: 7 };
  (optimizer.slots['m'] as Float32Array)[3] = -0.5;
  (optimizer.slots['v'] as Float32Array)[4] = 1e-9;
  const average = calibratedParams(graph, 3);
  const ema = new Map(flatLayout(graph).parameters.map(({ name }) => [name, average.get(name) as Float32Array]));
  const observers = observerStates(createObservers(graph, 'moving-max'));
  return {
    model,
    plan,
    params: calibratedParams(graph, 1),
    training: { optimizer, observers, ema, adversary: adversaryStart({ side: 12, features: 1 }, 4) },
    run: { seed: 9, note: 'ü' },
  };
}

/** A checkpoint's bytes after a change of its tensors or its record. */
function altered(
  change: (tensors: Map<string, SafeTensor>) => void,
  record: (record: Record<string, unknown>) => unknown = (same) => same,
): Uint8Array {
  const { tensors, metadata } = readSafetensors(serializeCheckpoint(checkpoint()));
  change(tensors);
  const text = JSON.stringify(record(JSON.parse(metadata['checkpoint'] as string)));
  return writeSafetensors(tensors, { checkpoint: text });
}

describe('round trip', () => {
  it('of a training, of a finished network, and of a float one', () => {
    const full = checkpoint();
    const finished = { ...full, training: null, run: {} };
    const float = { ...finished, plan: null, params: calibratedParams(graphOf({ model, plan: null }), 2) };
    for (const one of [full, finished, float]) {
      const bytes = serializeCheckpoint(one);
      expect(parseCheckpoint(bytes)).toEqual(one);
      expect(serializeCheckpoint(parseCheckpoint(bytes))).toEqual(bytes);
    }
  });

  it('has the same bytes every time', () => {
    expect(serializeCheckpoint(checkpoint())).toEqual(serializeCheckpoint(checkpoint()));
  });

  it('gives the graph of the plan', () => {
    const graph = graphOf(parseCheckpoint(serializeCheckpoint(checkpoint())));
    expect(graph).toEqual(graphOf({ model, plan }));
    expect(graph.name).toBe('edsr-f4b1-x2-w4a4s8');
  });
});

const nothing = () => {};
const set = (name: string, shape: readonly number[], edit: (data: Float32Array) => void = nothing) => {
  return (tensors: Map<string, SafeTensor>) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    edit(data);
    tensors.set(name, { dtype: 'F32', shape, data });
  };
};

const trainingOf = (record: Record<string, unknown>) => record['training'] as Record<string, unknown>;

describe('refusals', () => {
  it('of every truncation', () => {
    const bytes = serializeCheckpoint(checkpoint());
    for (const length of [0, 7, 8, 100, 1000, bytes.length - 4, bytes.length - 1]) {
      expect(() => parseCheckpoint(bytes.subarray(0, length))).toThrow(/^\[runtime\] readSafetensors: /);
    }
  });

  it.each<[string, Uint8Array]>([
    ['missing head.bias', altered((tensors) => tensors.delete('param/head.bias'))],
    ['missing tail.in.logStep', altered((tensors) => tensors.delete('param/tail.in.logStep'))],
    ['must have no other parameters, got neck', altered(set('param/neck', [1]))],
    ['head.weight must have 108 values (3x3x3x4), got 3', altered(set('param/head.weight', [3]))],
    ['param/head.weight must have shape 3x3x3x4, got 108', altered(set('param/head.weight', [108]))],
    ['param/head.weight must have shape 3x3x3x4, got 3x3x4x3', altered(set('param/head.weight', [3, 3, 4, 3]))],
    [
      'param/head.bias must be finite, got NaN',
      altered(set('param/head.bias', [4], (data) => data.fill(Number.NaN, 1))),
    ],
    ['optimizer/v must be finite, got Infinity', altered(set('optimizer/v', [1034], (data) => data.fill(1 / 0)))],
    ['optimizer/m must have shape 1034, got 5', altered(set('optimizer/m', [5]))],
    ['optimizer/v must be a float32 tensor, got nothing', altered((tensors) => tensors.delete('optimizer/v'))],
    [
      'param/head.bias must be a float32 tensor, got I32',
      altered((tensors) => tensors.set('param/head.bias', { dtype: 'I32', shape: [4], data: new Int32Array(4) })),
    ],
    ['got other/thing', altered(set('other/thing', [1]))],
    ['ema/head.bias must be a float32 tensor, got nothing', altered((tensors) => tensors.delete('ema/head.bias'))],
    ['adversary/conv.0.bias must have shape 1, got 2', altered(set('adversary/conv.0.bias', [2]))],
    [
      'adversary-optimizer/m must be a float32 tensor, got nothing',
      altered((tensors) => tensors.delete('adversary-optimizer/m')),
    ],
    ['got optimizer/m', altered(nothing, (record) => ({ ...record, training: null }))],
  ])('tensors: %s', (reason, bytes) => {
    expect(() => parseCheckpoint(bytes)).toThrow(ModelError);
    expect(() => parseCheckpoint(bytes)).toThrow(reason);
  });

  it.each<[string, (record: Record<string, unknown>) => unknown]>([
    ['got format undefined', () => null],
    ['got format "else"', (record) => ({ ...record, format: 'else' })],
    ['got version 2, known is 1', (record) => ({ ...record, version: 2 })],
    ['got a record without a model', (record) => ({ ...record, model: null })],
    ['got a record without a model', (record) => ({ ...record, model: { ...model, config: null } })],
    ['got a damaged training state', (record) => ({ ...record, training: { ...trainingOf(record), steps: 1.5 } })],
    ['got a damaged training state', (record) => ({ ...record, training: { ...trainingOf(record), observers: null } })],
    ['got a damaged training state', (record) => ({ ...record, training: { ...trainingOf(record), adversary: {} } })],
    ['got a damaged training state', (record) => ({ ...record, training: { ...trainingOf(record), slots: 'm' } })],
    [
      'family must be one of edsr, srresnet, msrresnet, got "vdsr"',
      (record) => ({ ...record, model: { ...model, family: 'vdsr' } }),
    ],
    [
      'config.scale must be an integer',
      (record) => ({ ...record, model: { ...model, config: { ...model.config, scale: 9 } } }),
    ],
    ['plan.roles.weights must be given', (record) => ({ ...record, plan: { name: 'x', roles: {}, overrides: [] } })],
    ['missing tail.weight.logStep', (record) => ({ ...record, plan })],
  ])('record: %s', (reason, change) => {
    const drop = (tensors: Map<string, SafeTensor>) => {
      if (reason.startsWith('missing')) tensors.delete('param/tail.weight.logStep');
    };
    expect(() => parseCheckpoint(altered(drop, change))).toThrow(reason);
  });

  it('of files that are no checkpoints', () => {
    const refuse = (metadata: Record<string, string>, reason: string) => {
      const bytes = writeSafetensors(new Map(), metadata);
      expect(() => parseCheckpoint(bytes)).toThrow(
        `[sr-models] parseCheckpoint: file must be a checkpoint of this project, got ${reason}`,
      );
    };
    refuse({}, 'safetensors without its record');
    refuse({ checkpoint: '{' }, 'a record that is not JSON');
    expect(() => parseCheckpoint(new TextEncoder().encode('<!doctype html> not found'))).toThrow('readSafetensors');
  });
});
