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
