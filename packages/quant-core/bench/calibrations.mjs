/**
 * What each calibration costs: values a second, milliseconds for a fit, bytes of its state as JSON. Values of one channel over 20 batches of 256; after a build:
 * `node packages/quant-core/bench/calibrations.mjs`
 */
import { calibrations, makeSpec } from '../dist/index.js';

const [BATCHES, VALUES] = [20, 256];

/** Laplace-like values, seeded. */
function laplace(count, seed) {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return Float32Array.from({ length: count }, () => (uniform() < 0.5 ? 1 : -1) * Math.log(uniform()));
}

/** Best milliseconds of one of `turns` calls. */
function best(turns, work) {
  let least = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < turns; turn++) {
    const start = performance.now();
    work();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

const large = laplace(65536, 7);
const specs = {
  '8 bits': makeSpec({ bits: 8 }),
  '4 bits': makeSpec({ bits: 4 }),
  '8 bits affine': makeSpec({ bits: 8, affine: true }),
};
const rows = Object.entries(calibrations).map(([name, { create }]) => {
  const observer = create();
  for (let batch = 0; batch < BATCHES; batch++) observer.observe(laplace(VALUES, batch + 1));
  const fits = Object.entries(specs).map(([grid, spec]) => [
    `fit ${grid}, ms`,
    Number(best(30, () => observer.fit(spec)).toFixed(3)),
  ]);
  const bytes = JSON.stringify(observer.state()).length;
  const other = create();
  const million = large.length / 1000 / best(30, () => other.observe(large));
  return { name, 'million values/s': Math.round(million), ...Object.fromEntries(fits), 'state, bytes': bytes };
});
console.table(rows);
