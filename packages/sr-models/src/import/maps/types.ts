/** A name map: what another program calls the tensors of a network, and how it treats pixels. One file each, and a line in the registry. */
import type { RawConfig } from '../../models/types.js';

/** Shapes by tensor name. */
export type ForeignShapes = ReadonlyMap<string, readonly number[]>;

/** A configuration that a file lets one read off: at least these fields. */
export type FoundConfig = RawConfig & { readonly scale: number; readonly blocks: number; readonly features: number };

/** A naming of one model family. */
export interface NameMap {
  readonly name: string;
  readonly description: string;
  /** The family of the network. */
  readonly family: string;
  /** Whether a file has these names. */
  readonly recognises: (shapes: ForeignShapes) => boolean;
  /** The configuration of a file: what its names and shapes, and what it says of itself, tell. */
  readonly infer: (shapes: ForeignShapes, metadata: Readonly<Record<string, string>>) => FoundConfig;
  /** Modules by the name of our node: the tensors of a module are `<module>.weight`, `<module>.bias`, ... */
  readonly modules: (config: FoundConfig, shapes: ForeignShapes) => Readonly<Record<string, string>>;
  /** Tensors beside the network's that are of no use. */
  readonly ignores: (name: string, config: FoundConfig) => boolean;
  /** Whether convolutions may lack a bias; then it is 0. */
  readonly biases: 'required' | 'optional';
  /** Slope of the activations where the file has none: a leaky ReLU. */
  readonly leakySlope: number | null;
  /** White of the images that the network takes and gives where the file does not say: 1 or 255. */
  readonly range: 1 | 255;
  /** Mean of the image that is subtracted first and added last, where white is 1. */
  readonly mean: readonly [number, number, number];
  /** Modules that subtract and add the mean, 1x1 convolutions, where the naming has them. */
  readonly shifts: { readonly input: string; readonly output: string } | null;
}

/** DIV2K's mean. */
export const div2kMean = [0.4488, 0.4371, 0.404] as const;

/** How many different numbers stand where `pattern` has its group. */
export function count(shapes: ForeignShapes, pattern: RegExp): number {
  const found = new Set<string>();
  for (const name of shapes.keys()) {
    const index = pattern.exec(name)?.[1];
    if (index !== undefined) found.add(index);
  }
  return found.size;
}

/** The upscaling factor of a chain of convolutions that each multiply the channels by the square of their factor; 1 when there is none. */
export function scaleOf(shapes: ForeignShapes, modules: readonly string[]): number {
  return modules.reduce((scale, module) => {
    const [outChannels = 1, inChannels = 1] = shapes.get(`${module}.weight`) ?? [];
    return scale * Math.sqrt(outChannels / inChannels);
  }, 1);
}

/** Names for each of `length` indices. */
export function each(
  length: number,
  names: (index: number) => Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.assign({}, ...Array.from({ length }, (_, index) => names(index)));
}

/** Shuffles of an upsampler. */
export function shuffles(scale: number): number {
  return scale === 4 ? 2 : 1;
}
