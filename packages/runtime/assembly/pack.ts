/** Filters for exact Winograd, transformed once, when a model is loaded. */

/** Factors of 3 taps, int32, in each of 8 lanes. */
@inline function factor(g: usize, at: i32): v128 { return i16x8.splat(<i16>load<i32>(g + <usize>(at << 2))); }

@inline function combine(a: v128, b: v128, c: v128, x: v128, y: v128, z: v128): v128 {
  return i16x8.add(i16x8.add(i16x8.mul(a, x), i16x8.mul(b, y)), i16x8.mul(c, z));
}

/**
 * `U = R w C^T` of each 3x3 part of a kernel: `[position][group][row of parts][pair of (part, input)][8 outputs][2]`, int16, from OHWI. What does not exist, past the
 * kernel's edge, its inputs or outputs, is 0.
 *
 * @param levels int16
 * @param padded inputs of the result, even
 * @param g rows of `R`, then those of `C`, 3 int32 each
 * @param temp 9 x 32 bytes
 * @param position bytes from one position to the next
 */
export function pack(
  levels: usize, kh: i32, kw: i32, inputs: i32, outputs: i32, padded: i32,
  g: usize, rows: i32, columns: i32, temp: usize, to: usize, position: usize,
): void {
  const ph = (kh + 2) / 3;
  const pw = (kw + 2) / 3;
  const c = g + <usize>(12 * rows);
  const groups = (outputs + 7) >> 3;
  for (let part = 0; part < groups * ph * pw; part++) {
    const px = part % pw;
    const py = (part / pw) % ph;
    const first = (part / (pw * ph)) << 3;
    const left = min(8, outputs - first);
    for (let i = 0; i < inputs; i += 2) {
      memory.fill(temp, 0, 288);
      for (let tap = 0; tap < 9; tap++) {
        const ky = 3 * py + tap / 3;
        const kx = 3 * px + tap % 3;
        if (ky >= kh || kx >= kw) continue;
        for (let o = 0; o < left; o++) {
          const from = levels + (<usize>((((first + o) * kh + ky) * kw + kx) * inputs + i) << 1);
          const at = temp + <usize>(tap * 32 + o * 4);
          if (i + 1 < inputs) store<u32>(at, load<u32>(from));
          else store<u16>(at, load<u16>(from));
        }
      }
      const block = to + (<usize>(((part / pw) * pw + px) * padded + i) << 4);
      for (let half: usize = 0; half < 32; half += 16) {
        const w = temp + half;
        let out = block + half;
        for (let p = 0; p < rows; p++) {
          const g0 = factor(g, 3 * p), g1 = factor(g, 3 * p + 1), g2 = factor(g, 3 * p + 2);
          const a = combine(g0, g1, g2, v128.load(w), v128.load(w, 96), v128.load(w, 192));
          const b = combine(g0, g1, g2, v128.load(w, 32), v128.load(w, 128), v128.load(w, 224));
          const d = combine(g0, g1, g2, v128.load(w, 64), v128.load(w, 160), v128.load(w, 256));
          for (let q = 0; q < columns; q++) {
            v128.store(out, combine(factor(c, 3 * q), factor(c, 3 * q + 1), factor(c, 3 * q + 2), a, b, d));
            out += position;
          }
        }
      }
    }
  }
}
