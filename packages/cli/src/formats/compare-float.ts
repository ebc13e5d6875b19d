/** The comparison that every float format makes before it is written. */
import { useBackend } from '@fqsr/backends';
import type { Image } from '@fqsr/datasets';
import { type FloatAgreement, floatTolerance, type Network, verifyFloat } from '@fqsr/sr-models';
import { CliError } from '../errors.js';
import type { Io } from '../io.js';
import type { Verification } from './format.js';

/**
 * Runs a float network in another engine and in TensorFlow.js.
 *
 * @param engine for people, e.g. `onnxruntime-web 1.30.0`
 * @param run the other engine's image, interleaved grey levels
 * @throws CliError when they are farther apart than `floatTolerance`
 */
export async function compareFloat(
  network: Network,
  images: readonly Image[],
  engine: string,
  io: Io,
  run: (image: Image) => Promise<ArrayLike<number>>,
): Promise<Verification> {
  await useBackend('auto');
  const runs: FloatAgreement[] = [];
  const progress = io.progress(`verify in ${engine}`, images.length, 'images');
  try {
    for (const image of images) {
      runs.push(verifyFloat(network, image, await run(image)));
      progress.update(runs.length);
    }
  } finally {
    progress.stop();
  }
  const distance = total(runs);
  if (!(distance.largest <= floatTolerance)) {
    throw new CliError(
      `export: the image of ${engine} must equal the graph's to ${floatTolerance} grey levels, got ${distance.largest} (report this)`,
    );
  }
  return { what: `the export in ${engine} against the graph`, distance };
}

function total(runs: readonly FloatAgreement[]): FloatAgreement {
  const samples = runs.reduce((sum, run) => sum + run.samples, 0);
  return {
    samples,
    largest: Math.max(...runs.map(({ largest }) => largest)),
    mean: runs.reduce((sum, run) => sum + run.mean * run.samples, 0) / samples,
  };
}
