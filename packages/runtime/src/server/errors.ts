/** What a service refuses, each with the HTTP status that says so. */
import { RuntimeError } from '../error.js';

/** A request that is not served. */
export class ServerError extends RuntimeError {
  override readonly name: string = 'ServerError';

  /** HTTP status. */
  readonly status: number;

  constructor(problem: string, remedy: string, status: number, options?: ErrorOptions) {
    super('upscale', problem, remedy, options);
    this.status = status;
  }
}

/** All places are taken and the queue is full. */
export class BusyError extends ServerError {
  override readonly name = 'BusyError';

  constructor(queue: number) {
    super(`queue must have room, got ${queue} that wait`, 'ask again later', 503);
  }
}

/** It took too long, the time in the queue included. */
export class TimeoutError extends ServerError {
  override readonly name = 'TimeoutError';

  constructor(ms: number) {
    super(`result must be there within ${ms} ms, got none`, 'send a smaller image, or raise timeoutMs', 504);
  }
}

/** More bytes or pixels than are allowed. */
export class LimitError extends ServerError {
  override readonly name = 'LimitError';

  constructor(problem: string) {
    super(problem, 'send a smaller image', 413);
  }
}

/** No image, none of the known kinds (415), or one that is damaged (422). */
export class ImageError extends ServerError {
  override readonly name = 'ImageError';

  constructor(problem: string, status: 415 | 422, options?: ErrorOptions) {
    super(problem, 'send a PNG, JPEG or WebP', status, options);
  }
}
