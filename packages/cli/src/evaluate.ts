/** Measures a network, or a method, over a source of image pairs. */
import { type Image, type ImagePair, type OnBroken, pairsOf, type Skipped, type Source } from '@fqsr/datasets';
import { type ConventionName, measure } from '@fqsr/metrics';
import { CliError } from './errors.js';
import type { Io } from './io.js';
import type { Compared, Method } from './methods/method.js';
import { type MethodName, methods } from './methods/registry.js';
import type { Network } from './networks.js';

/** One image's figures. */
export interface ImageScore {
  readonly name: string;
  readonly psnr: number;
  readonly ssim: number;
}

/** The figures of a network on a source: the document of `fqsr eval --json`. */
export interface Evaluation {
  readonly dataset: string;
  readonly model: string;
  readonly arithmetic: Network['arithmetic'];
  readonly scale: number;
  readonly images: number;
  /** Mean of the images' dB. */
  readonly psnr: number;
  readonly ssim: number;
  readonly convention: ConventionName;
  /** What was upscaled, and what it was measured against. */
  readonly protocol: string;
  readonly perImage: readonly ImageScore[];
  /** Images that could not be read, when they were to be passed over: the means are without them. */
  readonly skipped: readonly Skipped[];
}

/** What to measure, and how. */
export interface EvaluateOptions {
  readonly convention: ConventionName;
  readonly limit?: number | undefined;
  /** What a broken image does; `throw` by default, since a mean over fewer images is another figure. */
  readonly onBroken?: OnBroken | undefined;
}

/** What is measured. */
interface Subject extends Pick<Network, 'label' | 'arithmetic' | 'scale'> {
  readonly protocol: string;
  readonly compare: (pair: ImagePair, onProgress: (share: number) => void) => Promise<Compared>;
}

/**
 * Upscales every low-resolution image of a source and measures it against the high-resolution one.
 *
 * @param onImage sees every image that was made
 * @throws CliError when there is nothing to measure
 */
export async function evaluate(
  network: Network,
  source: Source,
  io: Io,
  { onImage, ...options }: EvaluateOptions & { readonly onImage?: (pair: ImagePair, sr: Image) => void },
): Promise<Evaluation> {
  const { label, arithmetic, scale } = network;
  const compare: Subject['compare'] = async (pair, onProgress) => {
    const sr = await network.upscale(pair.lr, onProgress);
    onImage?.(pair, sr);
    return { sr, hr: pair.hr };
  };
  const protocol = "the data set's LR image upscaled in RGB, 8 bits, then measured";
  return measureAll({ label, arithmetic, scale, protocol, compare }, source, io, options);
}

/**
 * Measures a classical method on a source.
 *
 * @throws CliError when there is nothing to measure
 */
export async function evaluateMethod(
  name: MethodName,
  scale: number,
  source: Source,
  io: Io,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const { protocol, compare }: Method = methods[name];
  const subject: Subject = {
    label: name,
    arithmetic: 'bicubic',
    scale,
    protocol,
    compare: async (pair) => compare(pair),
  };
  return measureAll(subject, source, io, options);
}

async function measureAll(
  { label, arithmetic, scale, protocol, compare }: Subject,
  source: Source,
  io: Io,
  { convention, limit = source.count, onBroken = 'throw' }: EvaluateOptions,
): Promise<Evaluation> {
  const images = Math.min(limit, source.count);
  const progress = io.progress(`${label} on ${source.name}`, images, 'images');
  const perImage: ImageScore[] = [];
  const skipped: Skipped[] = [];
  const onSkipped = (image: Skipped) => {
    skipped.push(image);
    io.say(`skipped ${image.name}: ${image.reason}`);
  };
  try {
    for await (const pair of pairsOf(source, scale, { limit: images, onBroken, onSkipped })) {
      const { sr, hr } = await compare(pair, (share) => progress.update(perImage.length + share * 0.99));
      perImage.push({ name: pair.name, ...measure(sr, hr, { convention, scale }) });
      progress.update(perImage.length);
    }
  } finally {
    progress.stop();
  }
  if (perImage.length === 0)
    throw new CliError(`--data: ${source.name} must hold an image, got none (check the folder)`);
  const mean = (of: (score: ImageScore) => number) =>
    perImage.reduce((sum, score) => sum + of(score), 0) / perImage.length;
  return {
    dataset: source.name,
    model: label,
    arithmetic,
    scale,
    images: perImage.length,
    psnr: mean(({ psnr }) => psnr),
    ssim: mean(({ ssim }) => ssim),
    convention,
    protocol,
    perImage,
    skipped,
  };
}
