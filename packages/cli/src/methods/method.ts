/**
 * A classical method: what `fqsr eval --method` measures instead of a model.
 */
import type { ImagePair } from '@fqsr/datasets';
import type { Convention, Image } from '@fqsr/metrics';

/** The image under test and what it is measured against. */
export interface Compared {
  readonly sr: Image;
  readonly hr: Image;
}

/** A method. */
export interface Method {
  readonly description: string;
  /** What is upscaled and what it is measured against, in full: printed with every figure. */
  readonly protocol: string;
  /** The colours of the conventions under which its figures mean something. */
  readonly colours: readonly Convention['colour'][];
  readonly compare: (pair: ImagePair) => Compared;
}
