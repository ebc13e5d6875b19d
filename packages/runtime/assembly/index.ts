/** The kernels of the WASM backend. */
export { pack } from './pack';
export { work } from './work';
