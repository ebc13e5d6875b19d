/** The networks of the demo, measured side by side. */
import type { Image, Source } from '@fqsr/datasets';
import { type Evaluation, evaluate } from '../evaluate.js';
import type { Io } from '../io.js';
import type { Network } from '../networks.js';
import { cropUri, mostDetailed, type Window } from './crops.js';

/** Side of a crop in the report, in high-resolution pixels. */
const CROP = 128;

/** One photo's crops, as data URIs by method. */
export interface CropRow {
  readonly name: string;
  readonly images: Readonly<Record<string, string>>;
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
  const crops = new Map<string, { window: Window; images: Record<string, string> }>();
  const pending: Promise<void>[] = [];
  const reference = networks.at(-2);
  const last = networks.at(-1);
  const kept = new Map<string, Uint8Array>();
  const agreement = { samples: 0, different: 0, largest: 0 };
  for (const network of networks) {
    const keepCrop = async (name: string, method: string, image: Image): Promise<void> => {
      const row = crops.get(name);
      if (row) row.images[method] = await cropUri(image, row.window);
    };
    const evaluation = await evaluate(network, source, io, {
      convention: 'edsr-benchmark',
      limit,
      onImage: ({ name, hr }, sr) => {
        if (!crops.has(name)) {
          crops.set(name, { window: mostDetailed(hr, CROP), images: {} });
          pending.push(keepCrop(name, 'original', hr));
        }
        pending.push(keepCrop(name, network.arithmetic, sr));
        if (network === reference) kept.set(name, sr.data);
        if (network === last) count(agreement, sr.data, kept.get(name));
      },
    });
    evaluations.push(evaluation);
  }
  await Promise.all(pending);
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
