export {
  type BackendReport,
  examineHost,
  type GpuReport,
  type HostReport,
  type OperationReport,
} from './doctor.js';
export { BackendError } from './error.js';
export { isOutOfMemory, MemoryError } from './memory.js';
export { type BackendStatus, probeBackends } from './probe.js';
export { measureSpeed, type Speed } from './speed.js';
export { type BackendChoice, type BackendName, backendNames, useBackend } from './use-backend.js';
export { measurePeak } from './wasm/peak.js';
export { type AdapterDescription, findAdapter } from './webgpu/adapter.js';
