/** Export: lowers a checkpoint, writes it as bytes, reads those back, and proves them against the graph. */
import { useBackend } from '@fqsr/backends';
import type { Image } from '@fqsr/datasets';
import { type IntegerModel, parseModel, runModel, serializeModel } from '@fqsr/runtime';
import { agrees, type Checkpoint, graphOf, type LayerAgreement, lower, tolerance, verify } from '@fqsr/sr-models';
import { CliError } from './errors.js';
import type { Io } from './io.js';

/** A verified integer model. */
export interface Exported {
  readonly bytes: Uint8Array;
  /** What the bytes hold. */
  readonly model: IntegerModel;
  readonly name: string;
  /** Per stored tensor, over all verification images. */
  readonly agreement: readonly LayerAgreement[];
}

/**
 * The `.fqsr` bytes of a quantized checkpoint, verified layer by layer on these images.
 *
 * @throws CliError when the checkpoint is not quantized, or a tensor differs by more than the contract allows
 */
export async function exportFqsr(
  checkpoint: Checkpoint,
  images: readonly Image[],
  metadata: Readonly<Record<string, string>>,
  io: Io,
): Promise<Exported> {
  if (!checkpoint.plan) {
    throw new CliError(
      'export: checkpoint must be quantized, got a float one (train it with --plan, e.g. --plan w4a4s8)',
    );
  }
  await useBackend('auto');
  const graph = graphOf(checkpoint);
  const bytes = serializeModel(lower(graph, checkpoint.params, metadata));
  const model = parseModel(bytes);
  const runs: (readonly LayerAgreement[])[] = [];
  const progress = io.progress(`verify ${model.name}`, images.length, 'images');
  try {
    for (const image of images) {
      runs.push(verify(graph, checkpoint.params, image, (tap) => runModel(model, image, { tap })));
      progress.update(runs.length);
      // Lets the display draw between two images.
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    progress.stop();
  }
  const agreement = merge(runs);
  if (!agrees(agreement)) {
    const worst = agreement.reduce((a, b) => (b.different / b.samples > a.different / a.samples ? b : a));
    throw new CliError(
      `export: integers must equal the graph to ${tolerance.levels} level on ${tolerance.share * 100} % of samples, got ${worst.largest} levels on ${((100 * worst.different) / worst.samples).toFixed(3)} % in ${worst.tensor} (train on, or report this)`,
    );
  }
  return { bytes, model, name: model.name, agreement };
}

/** Adds up the figures of several images. */
export function merge(runs: readonly (readonly LayerAgreement[])[]): readonly LayerAgreement[] {
  const byTensor = new Map<string, LayerAgreement>();
  for (const layer of runs.flat()) {
    const known = byTensor.get(layer.tensor);
    byTensor.set(layer.tensor, {
      tensor: layer.tensor,
      samples: layer.samples + (known?.samples ?? 0),
      different: layer.different + (known?.different ?? 0),
      largest: Math.max(layer.largest, known?.largest ?? 0),
    });
  }
  return [...byTensor.values()];
}
