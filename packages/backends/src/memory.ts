/** Running out of memory, told from other failures. */
import { BackendError } from './error.js';

/** A host that has no memory left for the tensors of a computation. */
export class MemoryError extends BackendError {
  constructor(where: string, asked: number, held: number) {
    const sizes = `got a request for ${megabytes(asked)} beside the ${megabytes(held)} it has`;
    super(where, `the backend's memory must hold all tensors at once, ${sizes}`, 'lower the batch or the patch size');
  }
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

/** Whether an error, or what another thread reported as its text, says that memory ran out. */
export const isOutOfMemory = (error: unknown): boolean =>
  error instanceof Error && error.message.includes("the backend's memory must hold all tensors at once");
