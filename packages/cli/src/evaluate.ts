/** Measures a network over a source of image pairs. */
import { type Image, type ImagePair, pairsOf, type Source } from '@fqsr/datasets';
import { type ConventionName, measure } from '@fqsr/metrics';
import { CliError } from './errors.js';
import type { Io } from './io.js';
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
  readonly perImage: readonly ImageScore[];
}

/** What to measure, and how. */
export interface EvaluateOptions {
  readonly convention: ConventionName;
  readonly limit?: number | undefined;
  /** Sees every image that was made. */
  readonly onImage?: ((pair: ImagePair, sr: Image) => void) | undefined;
}

/**
 * Upscales every low-resolution image of a source and measures it against the high-resolution one.
 *
 * @throws CliError when there is nothing to measure
 */
export async function evaluate(
  network: Network,
  source: Source,
  io: Io,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const { scale } = network;
  const { convention, limit = source.count, onImage } = options;
  const images = Math.min(limit, source.count);
  const progress = io.progress(`${network.label} on ${source.name}`, images, 'images');
  const perImage: ImageScore[] = [];
  try {
    for await (const pair of pairsOf(source, scale, { limit: images })) {
      const sr = await network.upscale(pair.lr, (share) => progress.update(perImage.length + share * 0.99));
      perImage.push({ name: pair.name, ...measure(sr, pair.hr, { convention, scale }) });
      onImage?.(pair, sr);
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
    model: network.label,
    arithmetic: network.arithmetic,
    scale,
    images: perImage.length,
    psnr: mean(({ psnr }) => psnr),
    ssim: mean(({ ssim }) => ssim),
    convention,
    perImage,
  };
}
