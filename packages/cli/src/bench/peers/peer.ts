/** The peer contract: an engine that upscales, as `fqsr bench` runs it in a process of its own. */
import type { Image } from '@fqsr/datasets';

/** The files that peers run, all made from one network by our own exports. */
export const peerFiles = ['fqsr', 'onnx', 'onnx-float', 'tfjs'] as const;

/** A file that a peer runs. */
export type PeerFile = (typeof peerFiles)[number];

/** What comes out of an engine. */
export interface PeerOutput {
  /** Interleaved RGB of 8 bits: floats clamped and rounded. */
  readonly pixels: () => Uint8Array;
}

/** A loaded engine. */
export interface PeerSession {
  /** Package and version. */
  readonly version: string;
  /** Threads that it really runs on. */
  readonly threads: number;
  /**
   * Takes an image over into the engine's own layout, which is not timed.
   *
   * @returns what is timed: from that layout to the engine's own output, on the host
   */
  readonly prepare: (image: Image) => () => Promise<PeerOutput>;
}

/** An engine. */
export interface Peer {
  /** For people. */
  readonly label: string;
  readonly file: PeerFile;
  readonly arithmetic: 'integer' | 'float32';
  /** What to install where it is missing; null for our own. */
  readonly install: string | null;
  /** Whether a comparison takes it unasked. */
  readonly byDefault: boolean;
  /** @param path file or folder of the peer's format @returns null where it is not installed */
  readonly open: (path: string, threads: number) => Promise<PeerSession | null>;
}
