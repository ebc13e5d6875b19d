/** The format contract: how an integer model is written for one kind of reader. */
import type { Image } from '@fqsr/datasets';
import type { IntegerModel } from '@fqsr/runtime';
import type { LayerAgreement, OnnxRounding } from '@fqsr/sr-models';
import type { Io } from '../io.js';

/** One comparison of what was written with what it was written from, tensor by tensor, over all images. */
export interface Verification {
  /** What was compared, e.g. `the file in onnxruntime-web 1.30.0 against the integers`. */
  readonly what: string;
  readonly agreement: readonly LayerAgreement[];
}

/** A file to come. */
export interface Written {
  readonly bytes: Uint8Array;
  /** Null where nothing was to be compared: the bytes are the integers themselves, or verification was declined. */
  readonly verified: Verification | null;
}

/** What a format writes from. */
export interface Integers {
  readonly model: IntegerModel;
  /** The model's `.fqsr` bytes. */
  readonly bytes: Uint8Array;
  /** Low-resolution images to verify on; none where verification was declined. */
  readonly images: readonly Image[];
  /** For ONNX: the runtime's levels everywhere, or speed. */
  readonly rounding: OnnxRounding;
}

/** A format. */
export interface ExportFormat {
  /** For people: `ONNX, quantized (QDQ)`. */
  readonly label: string;
  /** Whether another program than ours runs it, so that verification needs that program. */
  readonly isForeign: boolean;
  /** @throws CliError when it cannot be verified or differs by more than the contract allows */
  readonly write: (integers: Integers, io: Io) => Promise<Written>;
}
