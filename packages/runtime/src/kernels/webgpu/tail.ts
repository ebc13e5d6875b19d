/**
 * `requantize` in WGSL, fused to what makes the accumulator: `q = clamp(((acc * m + 2^(n-1)) >> n) + z, qmin, qmax)` for four channels at a time.
 *
 * WGSL has no 64-bit integers. The product is built of 16-bit halves as two words, `high` signed and `low` not: for the bit patterns `a` and `b` of `acc` and `m`
 * the unsigned product is exact, and a negative factor takes the other one off `high`. Let `s = P >> k` with `k = n - 1`; then `(s + 1) >> 1` is
 * `floor((P + 2^(n-1)) / 2^n)`. Mid-rise grids take `k = n + 1` and `s` itself. Where `s` is beyond 2^30 it stays there, which is beyond every clamp and the end of
 * every table.
 */
import type { IntegerTensor, RequantizeNode } from '../../model.js';
import type { Preparation } from '../kernel.js';
import { type Constants, packBytes } from './constants.js';
import { storedOffset, wordsOf } from './wgsl.js';

/** `scaled(acc, m, k)`: `(acc * m) >> k` for `16 <= k <= 63`, at most 2^30 either way. */
export const scaledWgsl = `
fn scaled(acc: vec4<i32>, m: vec4<i32>, k: vec4<u32>) -> vec4<i32> {
  let half = vec4(16u);
  let mask = vec4(65535u);
  let a = bitcast<vec4<u32>>(acc);
  let b = bitcast<vec4<u32>>(m);
  let bottom = (a & mask) * (b & mask);
  let cross1 = (a & mask) * (b >> half);
  let cross2 = (a >> half) * (b & mask);
  let middle = (bottom >> half) + (cross1 & mask) + (cross2 & mask);
  let low = (middle << half) | (bottom & mask);
  let unsigned = (a >> half) * (b >> half) + (cross1 >> half) + (cross2 >> half) + (middle >> half);
  let zero = vec4(0);
  let high = bitcast<vec4<i32>>(unsigned) - select(zero, m, acc < zero) - select(zero, acc, m < zero);
  let sign = high >> vec4(31u);
  let limit = vec4(0x3fffffff);
  let near = min(bitcast<vec4<i32>>((bitcast<vec4<u32>>(high) << ((vec4(32u) - k) & vec4(31u))) | (low >> (k & vec4(31u)))), limit);
  let fits = (high >> ((k - vec4(1u)) & vec4(31u))) == sign;
  let far = high >> (k & vec4(31u));
  return select(select(sign ^ limit, near, fits), far, k >= vec4(32u));
}
`;

/**
 * The function `tail<index>(acc, at)`: the word of levels of the four accumulators of word `at` of a pixel. Pushes its constants; shapes alone decide the text, so
 * that layers of one shape share a kernel.
 */
export function tailWgsl(
  index: number,
  node: RequantizeNode,
  { info, tensor }: Preparation,
  constants: Constants,
): string {
  const { grid } = node;
  const offset = storedOffset(grid);
  const table = node.table ? tensor(node.table.levels) : null;
  const last = (table?.length ?? 1) - 1;
  const limits = constants.push([grid.zeroPoint - offset, node.qmin - offset, node.qmax - offset, 0]);
  const ends = table ? constants.push([node.table?.low ?? 0, last]) : 0;
  const entries = table ? constants.push(packTable(table, offset)) : 0;
  const extra = grid.spacing === 2 ? 1 : -1;
  const push = (keys: { readonly multiplier: string; readonly shift: string }) => ({
    m: constants.push(perWord(tensor(keys.multiplier), info.channels, 0, 0)),
    k: constants.push(perWord(tensor(keys.shift), info.channels, extra, 40)),
  });
  const above = push(node);
  const below = node.negative ? push(node.negative) : null;
  const factor = (kind: 'm' | 'k') => {
    const load = (at: number) => `constants[${at}u + at]`;
    if (below === null) return load(above[kind]);
    return `select(${load(above[kind])}, ${load(below[kind])}, acc < vec4(0))`;
  };
  return `
fn tail${index}(acc: vec4<i32>, at: u32) -> u32 {
  let limits = bitcast<vec4<i32>>(constants[${limits}]);
  let s = scaled(acc, bitcast<vec4<i32>>(${factor('m')}), ${factor('k')});
  var q = ${grid.spacing === 2 ? 's' : '(s + vec4(1)) >> vec4(1u)'};
  ${table ? lookUp(ends, entries) : 'q += vec4(limits.x);'}
  return word(clamp(q, vec4(limits.y), vec4(limits.z)));
}
`;
}

const lookUp = (ends: number, entries: number): string => `
  let ends = bitcast<vec4<i32>>(constants[${ends}]);
  let places = bitcast<vec4<u32>>(clamp(q - vec4(ends.x), vec4(0), vec4(ends.y)));
  for (var i = 0u; i < 4u; i++) {
    let place = places[i];
    q[i] = levels(constants[${entries}u + place / 16u][(place / 4u) & 3u])[place & 3u];
  }`;

/** One entry for each channel, and `rest` in the padding. */
function perWord(source: IntegerTensor, channels: number, add: number, rest: number): Int32Array {
  return Int32Array.from({ length: wordsOf(channels) * 4 }, (_, c) =>
    c < channels ? (source[source.length === 1 ? 0 : c] as number) + add : rest,
  );
}

function packTable(table: IntegerTensor, offset: number): Int32Array {
  const at = (i: number) => (table[i] ?? 0) - offset;
  return Int32Array.from({ length: Math.ceil(table.length / 4) }, (_, i) =>
    packBytes([at(4 * i), at(4 * i + 1), at(4 * i + 2), at(4 * i + 3)]),
  );
}
