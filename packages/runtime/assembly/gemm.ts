/** The inner product of int16 in registers: 4 rows by 8 columns, two products at a time. */

/** Where the products of a tile go. */
@inline function put(to: usize, a: v128, b: v128): void {
  v128.store(to, a);
  v128.store(to, b, 16);
}

/**
 * `out[row][0..7] = init[0..7] + sum over runs and pairs of a[row] * b`, all in Z/2^32.
 *
 * @param a first row's int16 values; the next rows are `aRow` bytes apart; each of `runs` runs of `pairs` pairs is contiguous, `aRun` bytes from one to the next
 * @param b weights `[run][pair][8 columns][2]`, contiguous
 * @param init eight int32
 * @param out first row; the next ones are `outRow` bytes apart
 */
export function tile4x8(
  a: usize, aRow: usize, runs: i32, aRun: usize, pairs: i32, b: usize, init: usize, out: usize, outRow: usize,
): void {
  let c00 = v128.load(init);
  let c01 = v128.load(init, 16);
  let c10 = c00, c11 = c01, c20 = c00, c21 = c01, c30 = c00, c31 = c01;
  for (let run = 0; run < runs; run++) {
    let a0 = a, a1 = a + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
    for (const end = a + <usize>(pairs << 2); a0 < end; ) {
      const w0 = v128.load(b);
      const w1 = v128.load(b, 16);
      const s0 = v128.load_splat<i32>(a0);
      const s1 = v128.load_splat<i32>(a1);
      c00 = i32x4.add(c00, i32x4.dot_i16x8_s(s0, w0));
      c01 = i32x4.add(c01, i32x4.dot_i16x8_s(s0, w1));
      const s2 = v128.load_splat<i32>(a2);
      c10 = i32x4.add(c10, i32x4.dot_i16x8_s(s1, w0));
      c11 = i32x4.add(c11, i32x4.dot_i16x8_s(s1, w1));
      const s3 = v128.load_splat<i32>(a3);
      c20 = i32x4.add(c20, i32x4.dot_i16x8_s(s2, w0));
      c21 = i32x4.add(c21, i32x4.dot_i16x8_s(s2, w1));
      c30 = i32x4.add(c30, i32x4.dot_i16x8_s(s3, w0));
      c31 = i32x4.add(c31, i32x4.dot_i16x8_s(s3, w1));
      a0 += 4; a1 += 4; a2 += 4; a3 += 4;
      b += 32;
    }
    a += aRun;
  }
  put(out, c00, c01);
  put(out + outRow, c10, c11);
  put(out + 2 * outRow, c20, c21);
  put(out + 3 * outRow, c30, c31);
}
