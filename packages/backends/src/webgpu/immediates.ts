/**
 * Turning Dawn's crank by hand. Dawn for Node completes its work (a mapped buffer, a settled promise) in a function that it hands to `setImmediate`. Whoever
 * holds that function can complete work without returning to the event loop, which is what a synchronous read needs.
 */

/** Completes Dawn's finished work; each call hands the next such function to `setImmediate`, while work is under way. */
export type Tick = () => void;

/** Runs `work` with `setImmediate` replaced by `schedule`. */
function withImmediate<T>(schedule: (tick: Tick) => unknown, work: () => T): T {
  const original = globalThis.setImmediate;
  const define = (value: unknown) =>
    Object.defineProperty(globalThis, 'setImmediate', { value, configurable: true, writable: true, enumerable: true });
  define(schedule);
  try {
    return work();
  } finally {
    define(original);
  }
}

/** The tick of each Dawn, of which a process has one; a browser's `GPU` has none. */
const ticks = new WeakMap<GPU, Tick>();

/**
 * Runs `work`, which asks `gpu` for something, and returns what it gives together with the tick; `null` where there is none. Dawn hands its tick out only
 * while none is waiting to be called, so it is kept from the first time.
 */
export function captureTick<T>(gpu: GPU, work: () => T): { readonly value: T; readonly tick: Tick | null } {
  const original = globalThis.setImmediate;
  if (typeof original !== 'function') return { value: work(), tick: null };
  const value = withImmediate((next) => {
    ticks.set(gpu, next);
    return original(next);
  }, work);
  return { value, tick: ticks.get(gpu) ?? null };
}

/** Calls `tick` until `done` says so or `until` (milliseconds of `performance.now`) has passed; returns whether it was done. */
export function turn(tick: Tick, done: () => boolean, until: number): boolean {
  const original = globalThis.setImmediate;
  let pending: Tick | null = null;
  withImmediate(
    (next) => {
      pending = next;
    },
    () => {
      while (!done() && performance.now() < until) tick();
    },
  );
  // Other work may still be under way: its crank goes back to the event loop.
  if (pending) original(pending);
  return done();
}
