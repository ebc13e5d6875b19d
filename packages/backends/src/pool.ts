/** `@fqsr/backends/pool`: gradients on several threads. Loads no TensorFlow.js. */
export * from './wasm/pool.js';
