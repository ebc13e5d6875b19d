/** The networks of the demo, measured side by side. */
import type { Image, Source } from '@fqsr/datasets';
import { type Evaluation, evaluate } from '../evaluate.js';
import type { Io } from '../io.js';
import type { Network } from '../networks.js';
import { cut, mostDetailed, type Window } from './crops.js';

/** Side of a crop in the report, in high-resolution pixels. */
const CROP = 128;

/** One photo's crops by method; `original` is the high-resolution photo. */
export interface CropRow {
  readonly name: string;
  readonly images: Readonly<Record<string, Image>>;
}

/** How far two networks' images are apart. */
export interface ImageAgreement {
  readonly samples: number;
  readonly different: number;
  readonly largest: number;
}

/** What the comparison found. */
export interface Comparison {
  readonly evaluations: readonly Evaluation[];
  readonly crops: readonly CropRow[];
  /** Fake-quantized against integer, on the 8-bit images. */
  readonly agreement: ImageAgreement;
}

/** Evaluates networks one after the other on the same photos. The last two are compared sample by sample. */
export async function compare(
  networks: readonly Network[],
  source: Source,
  limit: number,
  io: Io,
): Promise<Comparison> {
  const evaluations: Evaluation[] = [];
  const crops = new Map<string, { window: Window; images: Record<string, Image> }>();
  const reference = networks.at(-2);
  const last = networks.at(-1);
  const kept = new Map<string, Uint8Array>();
  const agreement = { samples: 0, different: 0, largest: 0 };
  for (const network of networks) {
    const evaluation = await evaluate(network, source, io, {
      convention: 'edsr-benchmark',
      limit,
      onImage: ({ name, hr }, sr) => {
        const window = crops.get(name)?.window ?? mostDetailed(hr, CROP);
        const images = crops.get(name)?.images ?? { original: cut(hr, window) };
        images[network.arithmetic] = cut(sr, window);
        crops.set(name, { window, images });
        if (network === reference) kept.set(name, sr.data);
        if (network === last) count(agreement, sr.data, kept.get(name));
      },
    });
    evaluations.push(evaluation);
  }
  return { evaluations, crops: [...crops].map(([name, { images }]) => ({ name, images })), agreement };
}

function count(
  agreement: { samples: number; different: number; largest: number },
  a: Uint8Array,
  b: Uint8Array | undefined,
): void {
  if (!b) return;
  agreement.samples += a.length;
  for (let i = 0; i < a.length; i++) {
    const distance = Math.abs((a[i] as number) - (b[i] as number));
    if (distance === 0) continue;
    agreement.different++;
    if (distance > agreement.largest) agreement.largest = distance;
  }
}
