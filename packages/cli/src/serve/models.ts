/** The models of the page: the zoo's, and files that the caller names. */
import { basename, extname } from 'node:path';
import { parseModel } from '@fqsr/runtime';
import { auditGraph, raise } from '@fqsr/sr-models';
import { zoo } from '@fqsr/sr-models/zoo';
import { CliError, UsageError } from '../errors.js';
import { named } from '../networks.js';
import { readModelBytes } from '../zoo.js';
import type { ModelCard } from './card.js';

/** A model and its file. */
export interface ServedModel {
  readonly card: ModelCard;
  readonly file: Uint8Array;
  /** Every tensor and its grid. */
  readonly audit: () => ReturnType<typeof auditGraph>;
}

/**
 * Reads and checks models: those named first, then the zoo's.
 *
 * @throws CliError for a file that is none; UsageError for two of one name
 */
export async function servedModels(specs: readonly string[]): Promise<ReadonlyMap<string, ServedModel>> {
  const models = new Map<string, ServedModel>();
  for (const spec of [...specs, ...zoo.map(({ name }) => name)]) {
    const name = basename(spec, extname(spec) === '.fqsr' ? '.fqsr' : '');
    if (models.has(name)) {
      if (zoo.some((card) => card.name === spec)) continue;
      throw new UsageError(`--model: names must differ, got ${name} twice (rename a file)`);
    }
    models.set(name, await servedModel(name, spec));
  }
  return models;
}

async function servedModel(name: string, spec: string): Promise<ServedModel> {
  const file = await readModelBytes(spec, '--model');
  const model = await named(spec, async () => parseModel(file));
  const known = zoo.find((card) => card.name === spec);
  const description = known ? `Trained from scratch by this project, ${known.plan.toUpperCase()}` : `From ${spec}`;
  return {
    card: { name, scale: model.scale, bytes: file.length, description, figures: known?.figures ?? null },
    file,
    audit: () => auditGraph(raise(model)),
  };
}

/** A model by name. @throws CliError for an unknown one */
export function modelNamed(models: ReadonlyMap<string, ServedModel>, name: string): ServedModel {
  const model = models.get(name);
  if (!model) throw new CliError(`model: must be one of ${[...models.keys()].join(', ')}, got ${name}`);
  return model;
}
