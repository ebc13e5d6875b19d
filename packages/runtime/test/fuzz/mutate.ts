/** The fuzz's files: the same number and seed give the same file. */
import { serializeModel } from '../../src/format.js';
import { randomIntegers } from '../random.js';
import { bombs } from './bombs.js';
import { byteKinds } from './byte-kinds.js';
import { fileOf, partsOf } from './container.js';
import { families } from './families.js';
import { partKinds } from './part-kinds.js';
import { pick } from './pick.js';

/** The kinds of change, in the order in which files take turns with them. */
export const kinds = [...Object.keys(byteKinds), ...Object.keys(partKinds), 'several changes', 'limits'] as const;

/** Those that leave JSON, and that take a graph that is not valid. */
const stackable = [
  'any value',
  'a number',
  'a name',
  'a name everywhere',
  'a field more or less',
  'nodes',
  'values of a tensor',
  'shape of a tensor',
  'tensors',
] as const satisfies readonly (keyof typeof partKinds)[];

/** A changed file. */
export interface Mutant {
  readonly family: string;
  readonly kind: string;
  readonly file: Uint8Array;
  /** Where no checksum was made to fit: the only files that it may still say, each as it is written. */
  readonly originals: readonly Uint8Array[] | null;
}

/** Makes changed files of the valid ones. */
export function openMutator(seed: number): (number: number) => Mutant {
  const files = Object.entries(families).map(([family, model]) => {
    const file = serializeModel(model);
    return { family, file, parts: partsOf(file) };
  });
  return (number) => {
    const random = randomIntegers(Math.imul(number + 1, 0x9e3779b1) ^ seed);
    const kind = kinds[number % kinds.length] as string;
    const { family, file, parts } = pick(random, files);
    const other = pick(random, files);
    if (kind === 'limits') return { family: 'made', kind, originals: null, file: pick(random, bombs)(random) };
    const ofBytes = Object.hasOwn(byteKinds, kind) ? byteKinds[kind as keyof typeof byteKinds] : null;
    if (ofBytes) return { family, kind, originals: [file, other.file], file: ofBytes(file, random, other.file) };
    if (kind !== 'several changes') {
      return {
        family,
        kind,
        originals: null,
        file: fileOf(partKinds[kind as keyof typeof partKinds](parts, random, other.parts)),
      };
    }
    // First what needs a valid graph.
    let changed = random(0, 1) ? parts : partKinds.arithmetic(parts, random);
    for (let count = random(1, 3); count > 0 && changed.tensors.length > 0; count--) {
      try {
        changed = partKinds[pick(random, stackable)](changed, random, other.parts);
      } catch (error) {
        // What one change has made of the graph, the next need not know how to change.
        if (!(error instanceof TypeError)) throw error;
      }
    }
    return { family, kind, originals: null, file: fileOf(changed) };
  };
}
