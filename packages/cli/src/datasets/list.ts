import { cachedSet, cacheFolder, type RemoteSet, remoteSets, sourceKinds } from '@fqsr/datasets';
import type { Action } from './action.js';

/** `fqsr datasets list`. */
export const listAction = {
  summary: 'what can be opened, and what can be fetched',
  run: async () => {
    const archives = await Promise.all(
      remoteSets.map(async ({ name, description, archives: parts }: RemoteSet) => ({
        name,
        description,
        archives: parts,
        folder: (await cachedSet(name))?.folder ?? null,
      })),
    );
    const sources = sourceKinds.map(({ name, description }) => ({ name, description }));
    return {
      json: { sources, archives, cache: cacheFolder() },
      text: [
        'sources, for --data:',
        ...sources.map(({ description }) => `  ${description}`),
        'to be fetched by fqsr datasets fetch NAME:',
        ...archives.map(({ name, description, folder }) => `  ${name}${folder ? ' (fetched)' : ''}: ${description}`),
        `cache: ${cacheFolder()} (FQSR_CACHE chooses another)`,
      ].join('\n'),
    };
  },
} satisfies Action;
