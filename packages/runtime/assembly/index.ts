/** The kernels of the WASM backend. */
export { add } from './add';
export { conv2d } from './conv2d';
export { pixelShuffle } from './shuffle';
