/** Post-training quantization with the data that a command names. */
import { openPatchStream } from '@fqsr/datasets';
import type { QuantPlan } from '@fqsr/quant-core/spec';
import {
  type CalibrationBatch,
  type Checkpoint,
  type Network,
  type PostTrained,
  type PostTrainOptions,
  postTrain,
  type WithImageSkip,
  withImageSkip,
} from '@fqsr/sr-models';
import { CliError } from './errors.js';
import type { Io } from './io.js';

/** What to calibrate on. */
export interface CalibrationData {
  /** As `--data` takes it. */
  readonly data: string;
  readonly patches: number;
  /** Side of a low-resolution patch. */
  readonly patchSize: number;
  readonly seed: number;
}

/** Patches of one batch. */
const BATCH = 8;

/**
 * Patches to calibrate a network of that scale on.
 *
 * @throws DatasetError where the data has no patch of that size
 */
export async function calibrationPatches(
  { data, patches, patchSize, seed }: CalibrationData,
  scale: number,
): Promise<readonly CalibrationBatch[]> {
  const batchSize = Math.min(BATCH, patches);
  const stream = await openPatchStream(data, { scale, patchSize, batchSize, seed });
  const batches = [];
  try {
    for (let i = 0; i < Math.ceil(patches / batchSize); i++) batches.push(await stream.batch(i));
  } finally {
    stream.dispose();
  }
  return batches;
}

/** A float checkpoint's network with an image skip. @throws ModelError where it can have none */
export function imageSkipOn(checkpoint: Checkpoint, batches: readonly CalibrationBatch[], io: Io): WithImageSkip {
  const progress = io.progress(`image skip of ${checkpoint.model.name}`, 100, '%');
  try {
    return withImageSkip(checkpoint, batches, (done) => progress.update(100 * done));
  } finally {
    progress.stop();
  }
}

/**
 * Quantizes a float network, batch normalisation folded, without training it as a whole, on TensorFlow.js's backend of the moment.
 *
 * @throws ModelError or QuantError where plan and network do not fit
 */
export function postTrainOn(
  { graph, params }: Network,
  plan: QuantPlan,
  batches: readonly CalibrationBatch[],
  options: Partial<PostTrainOptions>,
  io: Io,
): PostTrained {
  const progress = io.progress(`quantize ${graph.name}`, 1, 'regions');
  try {
    return postTrain(graph, params, plan, batches, {
      ...options,
      onRegion: (report) => {
        progress.update(report.index / report.count, report.region);
        options.onRegion?.(report);
      },
    });
  } finally {
    progress.stop();
  }
}

/** What a seed gave: mean over positions of the squared error of the output against the float network, summed over colours. */
export interface Try {
  readonly seed: number;
  readonly error: number;
}

/**
 * {@link postTrainOn} with each of `count` seeds from `learning.seed` on, all on the same patches: the network that answers most like the float one on them. Rotations and the order in which reconstruction sees patches
 * differ by seed, and with them the network by some hundredths of a decibel.
 *
 * @throws CliError for more than one where no region is worked on, so that nothing measures them
 */
export function bestOfTries(
  network: Network,
  plan: QuantPlan,
  batches: readonly CalibrationBatch[],
  { count, seed, ...options }: Partial<PostTrainOptions> & { readonly count: number; readonly seed: number },
  io: Io,
): { readonly trained: PostTrained; readonly tries: readonly Try[]; readonly seed: number } {
  if (count > 1 && options.reconstruction === 'none' && options.biasCorrection === 'none') {
    throw new CliError('--tries: must be 1 without reconstruction and bias correction, which measure the error');
  }
  const tries: Try[] = [];
  let best: PostTrained | null = null;
  let kept = { seed, error: Number.POSITIVE_INFINITY };
  for (let at = seed; at < seed + count; at++) {
    const trained = postTrainOn(
      network,
      plan,
      batches,
      { ...options, learning: { ...options.learning, seed: at } },
      io,
    );
    const made = { seed: at, error: trained.regions.at(-1)?.final ?? 0 };
    tries.push(made);
    if (made.error < kept.error) [best, kept] = [trained, made];
  }
  if (!best) throw new CliError(`--tries: errors must be finite, got ${tries.map(({ error }) => error).join(', ')}`);
  return { trained: best, tries, seed: kept.seed };
}
