import * as tf from '@tensorflow/tfjs';
import { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { beforeAll, expect, it } from 'vitest';
import { isOutOfMemory, MemoryError, useBackend } from '../src/index.js';

beforeAll(() => useBackend('wasm'));

it('a full memory is an error that says what to lower, and what was freed can be used again', () => {
  const backend = tf.backend() as BackendWasm;
  expect(backend).toBeInstanceOf(BackendWasm);
  // A gibibyte each, never touched: address space alone, of which there are at most four.
  const held: ReturnType<BackendWasm['makeOutput']>[] = [];
  const fill = () => {
    for (let i = 0; i < 5; i++) held.push(backend.makeOutput([2 ** 28], 'float32'));
  };
  expect(fill).toThrow(MemoryError);
  expect(fill).toThrow(
    /must hold all tensors at once, got a request for 1074 MB .* \(lower the batch or the patch size\)$/,
  );
  for (const { dataId } of held) backend.disposeData(dataId);
  expect(tf.sum(tf.ones([1000])).arraySync()).toBe(1000);
});

it('is told from other errors, also by what another thread reports', () => {
  const error = new MemoryError('malloc', 1, 2);
  expect(isOutOfMemory(error)).toBe(true);
  expect(isOutOfMemory(new Error(`in a worker it did: ${error.message}`))).toBe(true);
  expect(isOutOfMemory(new Error('out of luck'))).toBe(false);
  expect(isOutOfMemory(error.message)).toBe(false);
});
