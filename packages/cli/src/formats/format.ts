/** The format contract: how a network is written for one kind of reader. */
import type { Image } from '@fqsr/datasets';
import type { IntegerModel } from '@fqsr/runtime';
import type { FloatAgreement, LayerAgreement, Network, OnnxRounding } from '@fqsr/sr-models';
import type { Io } from '../io.js';

/** One comparison of what was written with what it was written from, over all images. */
export type Verification = {
  /** What was compared, e.g. `the file in onnxruntime-web 1.30.0 against the integers`. */
  readonly what: string;
} & (
  | { /** Tensor by tensor, in levels. */ readonly agreement: readonly LayerAgreement[] }
  | { /** Of the image, in grey levels. */ readonly distance: FloatAgreement }
);

/** A file to come, or the files of a folder, by name, in the order to write them in. Verification is null where nothing was to be compared, or it was declined. */
export type Written = { readonly verified: Verification | null } & (
  | { readonly bytes: Uint8Array }
  | { readonly files: Readonly<Record<string, Uint8Array>> }
);

/** What every format writes from. */
export interface Subject {
  /** Low-resolution images to verify on; none where verification was declined. */
  readonly images: readonly Image[];
}

/** What integer formats write from. */
export interface Integers extends Subject {
  readonly model: IntegerModel;
  /** The model's `.fqsr` bytes. */
  readonly bytes: Uint8Array;
  /** For ONNX: the runtime's levels everywhere, or speed. */
  readonly rounding: OnnxRounding;
}

interface Format<Of extends string, From> {
  /** What is written: an integer model, or a float network. */
  readonly of: Of;
  /** For people: `ONNX, quantized (QDQ)`. */
  readonly label: string;
  /** Whether another program than ours runs it, so that verification needs that program. */
  readonly isForeign: boolean;
  /** What is written at the output's path. */
  readonly output: 'file' | 'folder';
  /** @throws CliError when it cannot be verified or differs by more than the contract allows */
  readonly write: (from: From, io: Io) => Promise<Written>;
}

/** A format of integer models. */
export type IntegerFormat = Format<'integers', Integers>;

/** A format of float networks: float graph, batch normalisation folded. */
export type FloatFormat = Format<'float', Network & Subject>;

/** A format. */
export type ExportFormat = IntegerFormat | FloatFormat;
