/** Networks that other programs trained. */
export { type ImportedNetwork, type ImportOptions, importNetwork } from './import.js';
export { nameMaps } from './maps/registry.js';
export type { ForeignShapes, FoundConfig, NameMap } from './maps/types.js';
export type { Range } from './pixels.js';
export { readForeign } from './read.js';
export type { ForeignFile, ForeignTensor } from './tensor.js';
