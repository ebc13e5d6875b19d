/** The option `--degradation`. */
import { type DegradationRecipe, openRecipe } from '@fqsr/datasets';
import { UsageError } from './errors.js';

/** The recipe that an option names, if any. @throws UsageError naming the known ones, or what is wrong with its file */
export async function degradationOf(spec: string | undefined): Promise<DegradationRecipe | undefined> {
  if (spec === undefined) return undefined;
  try {
    return await openRecipe(spec);
  } catch (cause) {
    if (!(cause instanceof Error) || cause.name !== 'DatasetError') throw cause;
    throw new UsageError(`--degradation: ${cause.message}`, { cause });
  }
}
