export { BackendError } from './error.js';
export { type BackendChoice, type BackendName, useBackend } from './use-backend.js';
