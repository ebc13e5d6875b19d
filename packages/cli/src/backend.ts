/** The option `--backend` of commands that compute with TensorFlow.js. */
import { backendNames, useBackend } from '@fqsr/backends';
import { z } from 'zod';
import type { Io } from './io.js';

const choices = ['auto', ...backendNames] as const;

/** A backend to ask for. */
export type BackendRequest = (typeof choices)[number];

/** The option; left out, it means `auto`. */
export const backendOption = z.enum(choices).optional().meta({
  description: 'what TensorFlow.js computes on (default: auto, the GPU if there is one, else wasm)',
  value: 'name',
});

/**
 * Sets the backend and says which it is and why.
 *
 * @throws BackendError when it does not start
 */
export async function openBackend(request: BackendRequest = 'auto', io?: Io): Promise<void> {
  const { name, why } = await useBackend(request);
  io?.say(`backend ${name}: ${why}`);
}
