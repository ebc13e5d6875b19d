/**
 * The zoo: integer networks that this project trained from scratch, as `.fqsr` files of the package, with what was measured of them. `@fqsr/runtime` runs them; nothing here needs TensorFlow.js.
 *
 * @example
 * import { load } from '@fqsr/runtime';
 * import { zooModel } from '@fqsr/sr-models/zoo';
 * const model = await load(zooModel('edsr-f32b5-x2-w8a8s8').url);
 */
import index from '../zoo/index.json' with { type: 'json' };
import { ModelError } from './error.js';

/** A network of the zoo and its card. */
export interface ZooModel {
  /** Network, scale and plan: `edsr-f32b5-x2-w8a8s8`. */
  readonly name: string;
  /** Its float network: `edsr-f32b5-x2`. */
  readonly network: string;
  readonly plan: string;
  readonly scale: number;
  /** Size of the file. */
  readonly bytes: number;
  /** Of the file, in hexadecimal. */
  readonly sha256: string;
  readonly bitOpsPerPixel: number;
  /** Mean luma PSNR in dB and SSIM by benchmark set, of the integers, under `edsr-benchmark`; and of the float network. */
  readonly figures: Readonly<Record<string, Figures>>;
  readonly float: Readonly<Record<string, Figures>>;
  /** The `.fqsr` file, beside the package's code. */
  readonly url: URL;
}

/** Means over the images of a set. */
export interface Figures {
  readonly psnr: number;
  readonly ssim: number;
}

/** All networks, by name in order. */
export const zoo: readonly ZooModel[] = (index as readonly Omit<ZooModel, 'url'>[]).map((card) => ({
  ...card,
  url: new URL(`../zoo/${card.name}.fqsr`, import.meta.url),
}));

/** A network by its name. @throws ModelError with all names */
export function zooModel(name: string): ZooModel {
  const model = zoo.find((each) => each.name === name);
  if (model) return model;
  const names = zoo.map((each) => each.name).join(', ');
  throw new ModelError('zooModel', `name must be one of ${names}, got ${name}`, 'choose one');
}

/** The network of a scale with the highest PSNR on Set5. @throws ModelError where the zoo has none */
export function bestZooModel(scale: number): ZooModel {
  const [best] = zoo
    .filter((each) => each.scale === scale)
    .toSorted((a, b) => (b.figures['Set5']?.psnr ?? 0) - (a.figures['Set5']?.psnr ?? 0));
  if (best) return best;
  const scales = [...new Set(zoo.map((each) => each.scale))].join(', ');
  throw new ModelError('bestZooModel', `scale must be one of ${scales}, got ${scale}`, 'choose one, or give a model');
}
