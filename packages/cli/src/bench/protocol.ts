/** What `fqsr bench` and its processes say to each other. */
import type { PeerName } from './peers/registry.js';

/** The first message: what to run. */
export interface Task {
  readonly peer: PeerName;
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly threads: number;
  readonly seed: number;
}

/** Asks for runs: at least one, and more until this many milliseconds have passed. */
export interface TurnRequest {
  readonly turnMs: number;
}

/** Asks for the end. */
export interface EndRequest {
  readonly end: 'with pixels' | 'without pixels';
}

/** Asks a fresh process to load a model and upscale one small image. */
export interface LoadRequest {
  readonly load: string;
  readonly side: number;
  readonly threads: number;
}

export type Request = Task | TurnRequest | EndRequest | LoadRequest;

/** Loaded and warmed up. */
export interface Ready {
  readonly version: string;
  readonly threads: number;
}

/** What a turn took. */
export interface Turn {
  /** Milliseconds of each run. */
  readonly times: readonly number[];
  /** Processor time of all of them, of all threads, in milliseconds. */
  readonly cpuMs: number;
}

/** The end. */
export interface Ended {
  /** Most memory that was resident at a time by the end of the first run after the warm-up, in bytes: results of more runs only wait to be collected. What the process took before it loaded anything is in it. */
  readonly peakBytes: number;
  /** The same before the engine was loaded. */
  readonly idleBytes: number;
  /** The upscaled image, if it was asked for. */
  readonly pixels: Uint8Array | null;
}

/** What a phase took, in milliseconds. */
export interface Phase {
  readonly ms: number;
  /** Processor time of all threads. Busy machines disturb it less. */
  readonly cpuMs: number;
}

/** From the start of a process on; each phase by itself. */
export interface LoadTimes {
  /** Node itself, and what it takes to ask for the rest. */
  readonly start: Phase;
  readonly import: Phase;
  readonly read: Phase;
  /** Parsing, checking everything, compiling kernels, planning memory. */
  readonly load: Phase;
  readonly firstImage: Phase;
}

export type Answer = Ready | Turn | Ended | LoadTimes | { readonly missing: true } | { readonly error: string };
