/** Milliseconds of several works that take turns, so that other load on the machine slows none of them alone. */

/** Best milliseconds per call of each of `works`, over `turns` turns of `calls` calls. */
export function race(works, turns, calls) {
  const best = works.map(() => Number.POSITIVE_INFINITY);
  for (let turn = 0; turn < turns; turn++) {
    works.forEach((work, at) => {
      const start = performance.now();
      for (let call = 0; call < calls; call++) work();
      best[at] = Math.min(best[at], (performance.now() - start) / calls);
    });
  }
  return best;
}
