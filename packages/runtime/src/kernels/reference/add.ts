/** `add`: the exact integer sum of the values of two tensors on one grid: `(a - za) + (b - zb)`, or `2 * ((a - za) + (b - zb) + 1)` where it is mid-rise. */
import type { KernelTable } from '../kernel.js';

const COLUMNS = 64;

export const add: KernelTable['add'] = (_node, { inputs, info }) => {
  const { channels } = info;
  const acc = new Int32Array(COLUMNS * channels);
  // A byte b stands for the signed level (b ^ 128) - 128 and for the unsigned level b.
  const flip = inputs[0]?.signed ? 128 : 0;
  const spacing = inputs[0]?.spacing ?? 1;
  const offsets = Int32Array.from(inputs[0]?.zeroPoint ?? [], (zero) => 2 * (spacing * (zero + flip) - spacing + 1));
  return {
    columns: COLUMNS,
    work: channels,
    block([a, b], { y0, y1, x0, x1 }, emit) {
      if (a === undefined || b === undefined) return;
      for (let y = y0; y < y1; y++) {
        let at = (y * a.width + x0) * channels;
        for (let i = 0; i < (x1 - x0) * channels; ) {
          for (let c = 0; c < channels; c++, i++, at++) {
            const sum = ((a.levels[at] as number) ^ flip) + ((b.levels[at] as number) ^ flip);
            acc[i] = sum * spacing - (offsets[c] as number);
          }
        }
        emit(acc, y, x0, x1 - x0);
      }
    },
  };
};
