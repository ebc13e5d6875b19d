import { renderDeadLeaves } from '../dead-leaves/render.js';
import { DatasetError } from '../error.js';
import { pairFromHr } from '../pair.js';
import { checkIndex, type Source, type SourceKind } from '../source.js';

const defaults = { count: 512, size: 256, seed: 1 };
const largest = { count: 2 ** 31, size: 4096, seed: 2 ** 32 - 1 };

/** Seeded dead-leaves images; see `renderDeadLeaves`. */
export const deadLeaves = {
  name: 'dead-leaves',
  description: 'dead-leaves[:COUNT[:SIZE[:SEED]]]: seeded images of occluding shapes (512 of 256x256, seed 1)',
  matches: (spec) => spec.split(':')[0] === 'dead-leaves',
  open: async (spec) => openDeadLeaves(spec),
} satisfies SourceKind;

function openDeadLeaves(spec: string): Source {
  const { count, size, seed } = parse(spec);
  const nameOf = (i: number) => {
    checkIndex('dead-leaves', i, count);
    return `dead-leaves-${String(i).padStart(4, '0')}`;
  };
  const hr = async (i: number) => {
    checkIndex('dead-leaves', i, count);
    return renderDeadLeaves({ size, seed, index: i });
  };
  return Object.freeze({
    name: 'dead-leaves',
    count,
    nameOf,
    hr,
    pair: async (i: number, scale: number) => pairFromHr(nameOf(i), await hr(i), scale),
  });
}

function parse(spec: string): typeof defaults {
  const parts = spec.split(':').slice(1);
  const keys = ['count', 'size', 'seed'] as const;
  if (parts.length > keys.length) {
    throw new DatasetError('openSource', `dead-leaves must have at most 3 fields, got ${spec}`, 'COUNT:SIZE:SEED');
  }
  const given = parts.map((part, i) => {
    const key = keys[i]!;
    const low = { count: 1, size: 16, seed: 0 }[key];
    if (!/^\d+$/.test(part) || Number(part) < low || Number(part) > largest[key]) {
      throw new DatasetError(
        'openSource',
        `${key} of dead-leaves must be an integer from ${low} to ${largest[key]}, got ${JSON.stringify(part)}`,
        'write dead-leaves:COUNT:SIZE:SEED',
      );
    }
    return [key, Number(part)] as const;
  });
  return { ...defaults, ...Object.fromEntries(given) };
}
