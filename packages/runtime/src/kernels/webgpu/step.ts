/** What the kernels of this backend compile to. */
import type { Layout, PlannedTensor } from '../../layout.js';
import type { Dialect, Groups } from './wgsl.js';

/** A tensor, or the packed RGB bytes of the image that goes in or of the result. */
export type Port = PlannedTensor | 'image' | 'result';

/** One dispatch. */
export interface GpuStep {
  /** For people: the node's. */
  readonly name: string;
  readonly code: string;
  readonly constants: Uint32Array<ArrayBuffer> | null;
  readonly from: readonly Port[];
  readonly to: readonly Port[];
  /** What `size` is: width and height in units of the input image's. */
  readonly factor: number;
  /** The workgroups for `size`. */
  groups(width: number, height: number): Groups;
  /** Bytes between the device's memory and its kernel for each pixel of the input image, halos included, constants not. */
  readonly traffic: number;
  /** Packed products of four for each pixel of the input image, padding included. */
  readonly dots: number;
  /** Multiply-adds or the like for each pixel of the input image, as the model defines them: without padding. */
  readonly work: number;
}

/** What a kernel is compiled from. */
export interface Compilation {
  readonly dialect: Dialect;
  /** Most tensors that a step may write. */
  readonly outputs: number;
  /** Bytes of a workgroup's memory. */
  readonly shared: number;
  readonly layout: Layout;
}

/** Some of the tails of a step, at most `count` at a time. */
export function portions<T>(items: readonly T[], count: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / count) }, (_, i) => items.slice(i * count, (i + 1) * count));
}
