import { DatasetError, makeImage, pairFromHr, type SourceKind } from '@fqsr/datasets';

const SIDE = 48;

/** `stripes:COUNT`: image `i` has upright stripes that are `i + 1` pixels wide, black and white. */
export const stripes = {
  name: 'stripes',
  description: `stripes:COUNT: black and white stripes, 1 to COUNT pixels wide, ${SIDE}x${SIDE}`,
  matches: (spec) => spec.startsWith('stripes:'),
  open: async (spec) => {
    const count = Number(spec.slice('stripes:'.length));
    if (!Number.isInteger(count) || count < 1) {
      throw new DatasetError('openSource', `count of stripes must be a positive integer, got ${spec}`, 'stripes:8');
    }
    const nameOf = (i: number) => `stripes-${i + 1}`;
    const hr = async (i: number) => {
      const sampleAt = (x: number) => (Math.floor(x / (i + 1)) % 2 === 0 ? 0 : 255);
      const samples = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, at) => sampleAt(Math.floor(at / 3) % SIDE));
      return makeImage(SIDE, SIDE, samples);
    };
    const pair = async (i: number, scale: number) => pairFromHr(nameOf(i), await hr(i), scale);
    return { name: 'stripes', count, nameOf, hr, pair };
  },
} as const satisfies SourceKind;
