/**
 * Several sources as one.
 */
import { DatasetError } from './error.js';
import { checkIndex, type Source } from './source.js';

/**
 * The images of several sources, one source after the other. An image keeps its name behind that of its source, `BSD400/100007`; a second source of a name is numbered, `BSD400-2/100007`.
 * A patch stream draws from every image equally often, so that the shares of the sources are those of their counts; a source that is given twice counts twice.
 *
 * @param sources at least 1; the low resolution of an image is the one of its source, and counts as its own (`ownLr`) as soon as one source has its own
 * @throws DatasetError when there is none
 *
 * @example
 * const source = concatSources([await openSource('photos'), await openSource('dead-leaves:9')]);
 * source.count; // 18
 */
export function concatSources(sources: readonly Source[]): Source {
  const first = sources[0];
  if (first === undefined) {
    throw new DatasetError('concatSources', 'sources must be at least one, got none', 'for example photos');
  }
  if (sources.length === 1) return first;
  const count = sources.reduce((sum, source) => sum + source.count, 0);
  const names = sources.map(({ name }, k) => {
    const before = sources.slice(0, k).filter((other) => other.name === name).length;
    return before === 0 ? name : `${name}-${before + 1}`;
  });
  /** The source of image `i`, and its index there. */
  const partOf = (i: number) => {
    checkIndex('concatSources', i, count);
    let [k, index] = [0, i];
    for (; index >= sources[k]!.count; k++) index -= sources[k]!.count;
    return { source: sources[k]!, name: names[k]!, index };
  };
  const nameOf = (i: number) => {
    const { source, name, index } = partOf(i);
    return `${name}/${source.nameOf(index)}`;
  };
  const notices = sources.flatMap(({ notice }) => notice ?? []);
  return Object.freeze({
    name: names.join(','),
    ...(sources.some(({ ownLr }) => ownLr) && { ownLr: true as const }),
    ...(notices.length > 0 && { notice: notices.join('; ') }),
    count,
    nameOf,
    hr: async (i: number) => {
      const { source, index } = partOf(i);
      return source.hr(index);
    },
    pair: async (i: number, scale: number) => {
      const { source, index } = partOf(i);
      return Object.freeze({ ...(await source.pair(index, scale)), name: nameOf(i) });
    },
  });
}
