/** What server and page agree on. */
import type { Figures } from '@fqsr/sr-models/zoo';

/** What the page is told of a model. */
export interface ModelCard {
  readonly name: string;
  readonly scale: number;
  readonly bytes: number;
  readonly description: string;
  /** PSNR and SSIM by benchmark set, where they were measured. */
  readonly figures: Readonly<Record<string, Figures>> | null;
}
