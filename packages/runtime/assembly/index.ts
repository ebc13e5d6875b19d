/** The kernels of the WASM backend. */
export { work } from './work';
