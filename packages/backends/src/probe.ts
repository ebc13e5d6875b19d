/**
 * Which backends start on this host, and why the others do not.
 */
import { BackendError } from './error.js';
import { type BackendName, backendNames, useBackend } from './use-backend.js';

/** Whether a backend starts here. */
export interface BackendStatus {
  readonly name: BackendName;
  readonly available: boolean;
  /** What it runs on, or why it does not start and what to do. */
  readonly why: string;
}

/**
 * Starts every backend once, in the order of {@link backendNames}. The last one that starts is set afterwards.
 *
 * @example
 * const statuses = await probeBackends();
 * statuses.find(({ name }) => name === 'webgpu'); // { name: 'webgpu', available: false, why: '... npm install webgpu' }
 */
export async function probeBackends(): Promise<readonly BackendStatus[]> {
  const statuses: BackendStatus[] = [];
  for (const name of backendNames) {
    try {
      const { why } = await useBackend(name);
      statuses.push({ name, available: true, why });
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      statuses.push({ name, available: false, why: `${error.problem} (${error.remedy})` });
    }
  }
  return statuses;
}
