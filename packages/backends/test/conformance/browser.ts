/**
 * The conformance cases as one script for a page: it defines `conformance(device)`.
 */
import * as tf from '@tensorflow/tfjs';
import { type BackendName, useBackend } from '../../src/index.js';
import { runAll } from './run.js';

Object.assign(globalThis, {
  conformance: async (device: BackendName) => {
    await useBackend(device);
    if (device === 'webgpu') tf.env().set('WEBGPU_CPU_FORWARD', false);
    return runAll();
  },
});
