/** Measures a network, or a method, over a source of image pairs. */
import { type Image, type ImagePair, type OnBroken, pairsOf, type Skipped, type Source } from '@fqsr/datasets';
import type { ConventionName, MetricName } from '@fqsr/metrics';
import { CliError } from './errors.js';
import { type Figures, figuresOf, meanOf, type NotMeasured } from './figures.js';
import type { Io } from './io.js';
import type { Compared, Method } from './methods/method.js';
import { type MethodName, methods } from './methods/registry.js';
import type { Network } from './networks.js';

/** One image's figures. */
export type ImageScore = Figures & {
  readonly name: string;
  /** Bits of a sample in the files of the pair, where they are not 8: more than 8 are measured by their upper 8. */
  readonly storedBitDepth?: number;
};

/** The figures of a network on a source, as means over the images (of dB, too): the document of `fqsr eval --json`. */
export type Evaluation = Figures & {
  readonly dataset: string;
  readonly model: string;
  readonly arithmetic: Network['arithmetic'];
  readonly scale: number;
  readonly images: number;
  readonly convention: ConventionName;
  /** What was upscaled, and what it was measured against. */
  readonly protocol: string;
  readonly perImage: readonly ImageScore[];
  /** Images that could not be read, when they were to be passed over: the means are without them. */
  readonly skipped: readonly Skipped[];
  /** Figures that are `null`, and why. */
  readonly notMeasured: readonly NotMeasured[];
};

/** What to measure, and how. */
export interface EvaluateOptions {
  readonly convention: ConventionName;
  /** Metrics besides PSNR and SSIM, which are always taken. */
  readonly metrics?: readonly MetricName[] | undefined;
  readonly limit?: number | undefined;
  /** What a broken image does; `throw` by default, since a mean over fewer images is another figure. */
  readonly onBroken?: OnBroken | undefined;
  /** Sees every pair, what is compared of it, and its figures. */
  readonly onMeasured?: ((pair: ImagePair, compared: Compared, score: ImageScore) => void) | undefined;
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

/** Bits of a sample in the files that a pair comes from, the larger of both; 8 where it comes from none. */
function storedBits({ hr, lr }: ImagePair): number {
  const bits = [hr, lr].flatMap(({ stored }) => stored?.bitDepth ?? []);
  return bits.length > 0 ? Math.max(...bits) : 8;
}

async function measureAll(
  { label, arithmetic, scale, protocol, compare }: Subject,
  source: Source,
  io: Io,
  { convention, metrics = [], limit = source.count, onBroken = 'throw', onMeasured }: EvaluateOptions,
): Promise<Evaluation> {
  const images = Math.min(limit, source.count);
  const progress = io.progress(`${label} on ${source.name}`, images, 'images');
  const perImage: ImageScore[] = [];
  const skipped: Skipped[] = [];
  const notMeasured: NotMeasured[] = [];
  const onNotMeasured = (figure: NotMeasured) => {
    notMeasured.push(figure);
    io.say(`not measured: ${figure.name}: ${figure.reason}`);
  };
  const onSkipped = (image: Skipped) => {
    skipped.push(image);
    io.say(`skipped ${image.name}: ${image.reason}`);
  };
  try {
    for await (const pair of pairsOf(source, scale, { limit: images, onBroken, onSkipped })) {
      const compared = await compare(pair, (share) => {
        io.signal.throwIfAborted();
        progress.update(perImage.length + share * 0.99);
      });
      io.signal.throwIfAborted();
      const figures = figuresOf(pair.name, compared, { convention, scale }, metrics, onNotMeasured);
      const bits = storedBits(pair);
      if (bits > 8) io.say(`${pair.name}: of ${bits} bits a sample, the upper 8 are measured`);
      const score = { name: pair.name, ...figures, ...(bits !== 8 && { storedBitDepth: bits }) };
      perImage.push(score);
      onMeasured?.(pair, compared, score);
      progress.update(perImage.length);
    }
  } finally {
    progress.stop();
  }
  if (perImage.length === 0)
    throw new CliError(`--data: ${source.name} must hold an image, got none (check the folder)`);
  return {
    dataset: source.name,
    model: label,
    arithmetic,
    scale,
    images: perImage.length,
    ...meanOf(perImage, metrics),
    convention,
    protocol,
    perImage,
    skipped,
    notMeasured,
  };
}
