import { concatSources } from '../concat-sources.js';
import type { SourceKind } from '../source.js';

/**
 * Several sources with commas between them; a comma in an address is `%2C`.
 *
 * @param exists whether a file or folder has the whole spec for its name, and is meant by it then
 */
export const severalUnless = (exists: (spec: string) => boolean): SourceKind => ({
  name: 'several',
  description: 'SOURCE,SOURCE,...: the images of several sources, one source after the other',
  matches: (spec) => spec.includes(',') && !exists(spec),
  open: async (spec, openSource) => concatSources(await Promise.all(spec.split(',').map(openSource))),
});
