/**
 * Whether relaxed SIMD's dot product of int8 is faster here than SIMD's of int16, in the direct kernel's micro-kernel: `node packages/runtime/bench/relaxed.mjs`, Node 22 or later.
 */
import { main } from 'assemblyscript/asc';

/** Four rows by eight outputs, 64 * 9 products each; `dot` adds a step of `size` values of four lanes. */
const kernel = (name, size, dot) => `
export function ${name}(count: i32): void {
  for (; count > 0; count--) {
    let c00 = i32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
    let a: usize = 4096, b: usize = 16384;
    for (const end: usize = 4096 + 576 * ${4 / size}; a < end; a += 4) {
      const w0 = v128.load(b), w1 = v128.load(b, 16);
      const s0 = v128.load_splat<i32>(a), s1 = v128.load_splat<i32>(a, 1152), s2 = v128.load_splat<i32>(a, 2304), s3 = v128.load_splat<i32>(a, 3456);
      c00 = ${dot}(s0, w0, c00); c01 = ${dot}(s0, w1, c01);
      c10 = ${dot}(s1, w0, c10); c11 = ${dot}(s1, w1, c11);
      c20 = ${dot}(s2, w0, c20); c21 = ${dot}(s2, w1, c21);
      c30 = ${dot}(s3, w0, c30); c31 = ${dot}(s3, w1, c31);
      b += 32;
    }
    v128.store(0, c00); v128.store(16, c01); v128.store(32, c10); v128.store(48, c11);
    v128.store(64, c20); v128.store(80, c21); v128.store(96, c30); v128.store(112, c31);
  }
}`;
const source = `
@inline function dot16(a: v128, b: v128, c: v128): v128 { return i32x4.add(c, i32x4.dot_i16x8_s(a, b)); }
@inline function dot8(a: v128, b: v128, c: v128): v128 { return i32x4.relaxed_dot_i8x16_i7x16_add_s(b, a, c); }
${kernel('int16', 2, 'dot16')}
${kernel('int8', 4, 'dot8')}`;

let code;
const flags = [
  '-O3',
  '--noAssert',
  '--runtime',
  'stub',
  '--initialMemory',
  '1',
  '--enable',
  'simd',
  '--enable',
  'relaxed-simd',
];
const { error, stderr } = await main(['relaxed.ts', '--outFile', 'relaxed.wasm', ...flags], {
  readFile: (name) => (name === 'relaxed.ts' ? source : null),
  writeFile: (_, contents) => {
    code = contents;
  },
  listFiles: () => [],
});
if (error) throw new Error(stderr.toString(), { cause: error });
if (!WebAssembly.validate(code)) throw new Error('the host must have relaxed SIMD: Node 22 or later');
const { instance } = await WebAssembly.instantiate(code);
const COUNT = 20_000;
const best = { int16: Number.POSITIVE_INFINITY, int8: Number.POSITIVE_INFINITY };
for (let turn = 0; turn < 40; turn++) {
  for (const name of ['int16', 'int8']) {
    const start = performance.now();
    instance.exports[name](COUNT);
    best[name] = Math.min(best[name], performance.now() - start);
  }
}
for (const [name, time] of Object.entries(best)) {
  console.log(`${name}: ${((COUNT * 576 * 32) / time / 1e6).toFixed(1)} GMAC/s`);
}
