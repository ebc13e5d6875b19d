/** How fast one thread can multiply and add floats at all: what the speed of convolutions is measured against. */
import { BackendError } from '../error.js';
import { assemble, f32x4, i32, repeatWhile, v128, type WasmFunction } from './assembler.js';
import { webAssembly } from './host.js';

/** Independent sums: enough to fill the pipelines, few enough to stay in registers. */
const SUMS = 12;
const ROUNDS = 2_000_000;
const TURNS = 5;

const sums = Array.from({ length: SUMS }, (_, at) => `sum${at}`);

/**
 * `sum = sum * factor + factor`, `count` times for each of the sums: two operations, since WASM SIMD has no fused one. Sums start apart and are stored, or a compiler
 * would compute one, or none.
 */
const multiplyAdd: WasmFunction = {
  name: 'multiplyAdd',
  params: { count: 'i32', to: 'i32' },
  locals: { factor: 'v128', ...Object.fromEntries(sums.map((name) => [name, 'v128' as const])) },
  body: ({ get, set, tee }) => [
    set('factor', f32x4.const(0.5)),
    ...sums.map((name, at) => set(name, f32x4.const(at))),
    repeatWhile(
      sums.map((name) => set(name, f32x4.add(f32x4.mul(get(name), get('factor')), get('factor')))),
      tee('count', i32.sub(get('count'), i32.const(1))),
    ),
    ...sums.map((name, at) => v128.store(get('to'), 16 * at, get(name))),
  ],
};

/**
 * GFLOP/s of one thread's float32 SIMD multiply-adds in registers, each two operations: the peak of WASM SIMD without relaxed instructions. The best of some turns.
 *
 * Convolutions that are counted as direct ones may pass it, where they need fewer multiplications (Winograd).
 *
 * @throws BackendError where the host has no WebAssembly with SIMD
 */
export function measurePeak(): number {
  const { Memory, Module, Instance, validate } = webAssembly();
  const bytes = assemble([multiplyAdd], false);
  if (!validate(bytes)) {
    throw new BackendError('measurePeak', 'the host must have WASM SIMD, got none', 'update Node or the browser');
  }
  const { exports } = new Instance(new Module(bytes), { env: { memory: new Memory({ initial: 1 }) } });
  const run = exports['multiplyAdd'] as (count: number, to: number) => void;
  let best = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn <= TURNS; turn++) {
    const started = performance.now();
    run(ROUNDS, 0);
    // The first turns compile.
    best = Math.min(best, performance.now() - started);
  }
  return (2 * 4 * SUMS * ROUNDS) / best / 1e6;
}
