import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { DatasetError } from '../error.js';
import { type DegradationRecipe, parseRecipe } from './recipe.js';
import { recipeNames, recipes } from './recipes.js';

/**
 * A recipe by what a user wrote: a name, or a JSON file.
 *
 * @throws DatasetError listing the names where there is none of that name; naming the file where it is none, or no recipe
 *
 * @example
 * const recipe = await openRecipe('bsrgan-style');
 */
export async function openRecipe(spec: string): Promise<DegradationRecipe> {
  const known = recipeNames.find((name) => name === spec);
  if (known) {
    const { description, ...recipe } = recipes[known];
    return parseRecipe(recipe, known);
  }
  if (!spec.endsWith('.json')) {
    throw new DatasetError(
      'openRecipe',
      `degradation must be one of ${recipeNames.join(', ')}, or a file *.json, got ${JSON.stringify(spec)}`,
      'choose one of them',
    );
  }
  const text = await readFile(spec, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new DatasetError('openRecipe', `${spec} cannot be read: ${cause.code}`, 'check the path', { cause });
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DatasetError('openRecipe', `${spec} must hold JSON: ${(cause as Error).message}`, 'correct it', {
      cause,
    });
  }
  return parseRecipe(value, basename(spec, '.json'));
}
