/** Measures a network on images while it trains, and keeps the best one. */
import { join } from 'node:path';
import { encodePng, openSource, type Source } from '@fqsr/datasets';
import { type Params, serializeCheckpoint } from '@fqsr/sr-models';
import { evaluate } from '../evaluate.js';
import { writeWhole } from '../files.js';
import { graphNetwork } from '../graph-network.js';
import { type Io, quietIo } from '../io.js';
import type { RunLogs } from '../logs/run-logs.js';
import type { Sample, ValidationLine } from '../logs/sink.js';
import type { RunConfig } from './config.js';

/** What published tables use. */
const CONVENTION = 'edsr-benchmark';

/** A running validation. */
export interface Validation {
  /** Whether a step is one of those that are measured. */
  readonly isDue: (step: number) => boolean;
  /** Measures parameters, writes the figures, sample images and, where they are the best so far, `best.safetensors`. */
  readonly measure: (step: number, params: Params) => Promise<ValidationLine>;
}

/** The training has set the backend. */
const keepBackend = async (): Promise<void> => {};

/** Opens the validation that a config asks for; `null` where it asks for none. @throws CliError or DatasetError naming the source */
export async function openValidation(
  folder: string,
  config: RunConfig,
  logs: RunLogs,
  io: Io,
): Promise<Validation | null> {
  if (config.validate === null) return null;
  const source = await openSource(config.validate);
  return {
    isDue: (step) => step === config.steps || step % config.validateEvery === 0,
    measure: async (step, params) => {
      const { samples, ...figures } = await measured(config, source, params, io);
      const best = logs.validations.every(({ psnr }) => figures.psnr > psnr);
      const line = { step, ...figures, best };
      for (const { name, png } of samples)
        await writeWhole(join(folder, 'samples', stepName(step), `${name}.png`), png);
      if (best) {
        const { model, plan } = config;
        const run = { ...config, step, validation: { ...figures, dataset: source.name, convention: CONVENTION } };
        const bytes = serializeCheckpoint({ model, plan, params, training: null, run });
        await writeWhole(join(folder, 'best.safetensors'), bytes);
      }
      await logs.validation(line, samples);
      return line;
    },
  };
}

async function measured(
  { model, plan, validateLimit, samples: wanted }: RunConfig,
  source: Source,
  params: Params,
  io: Io,
): Promise<Pick<ValidationLine, 'images' | 'psnr' | 'ssim'> & { readonly samples: readonly Sample[] }> {
  const network = await graphNetwork({ model, plan, params }, keepBackend);
  const pictures: Promise<Sample>[] = [];
  // The training's own display goes on, and Ctrl-C is its own to answer.
  const quiet = quietIo(io.say);
  try {
    const { images, psnr, ssim } = await evaluate(network, source, quiet, {
      convention: CONVENTION,
      limit: validateLimit,
      onImage: ({ name }, image) => {
        if (pictures.length >= wanted) return;
        const { width, height } = image;
        pictures.push(encodePng(image).then((png) => ({ name: fileName(name), width, height, png })));
      },
    });
    return { images, psnr, ssim, samples: await Promise.all(pictures) };
  } finally {
    network.dispose();
  }
}

/** A name that is safe in a path. */
export function fileName(name: string): string {
  return name.replaceAll(/[^\w.-]+/g, '-');
}

/** `step-000100`. */
function stepName(step: number): string {
  return `step-${String(step).padStart(6, '0')}`;
}
