/**
 * The training as a script for a page: it defines `lossCurveOn(device)`.
 */
import { type BackendName, useBackend } from '@fqsr/backends';
import { lossCurve } from './training.ts';

Object.assign(globalThis, {
  lossCurveOn: async (device: BackendName) => {
    await useBackend(device);
    return lossCurve();
  },
});
