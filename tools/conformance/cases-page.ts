/**
 * The conformance cases as one script for a page: it defines `conformance(device)`.
 */

import { type BackendName, useBackend } from '@fqsr/backends';
import { runAll } from '@fqsr/backends/conformance';
import * as tf from '@tensorflow/tfjs';

Object.assign(globalThis, {
  conformance: async (device: BackendName) => {
    await useBackend(device);
    if (device === 'webgpu') tf.env().set('WEBGPU_CPU_FORWARD', false);
    return runAll();
  },
});
