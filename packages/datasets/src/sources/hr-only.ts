import { pairFromHr } from '../pair.js';
import type { Source, SourceKind } from '../source.js';

const PREFIX = 'hr:';

/** The high-resolution images of any other source; their low resolution is made by bicubic, and may be degraded, whatever the source brings of its own. */
export const hrOnly = {
  name: 'hr',
  description: 'hr:SOURCE: the high-resolution images of another source; the low resolution is made by bicubic',
  matches: (spec) => spec.startsWith(PREFIX),
  open: async (spec, openSource) => openHrOnly(await openSource(spec.slice(PREFIX.length))),
} satisfies SourceKind;

function openHrOnly({ ownLr, ...source }: Source): Source {
  return Object.freeze({
    ...source,
    pair: async (i: number, scale: number) => pairFromHr(source.nameOf(i), await source.hr(i), scale),
  });
}
