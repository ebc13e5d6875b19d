/**
 * Loss and gradients of EDSR-baseline x4, batch 8, patches 24x24, in float, on one thread and on two. Run on the built package: `npm run bench`.
 *
 * Operations are those of direct convolutions. Times are the best of several turns; processor time of all threads is printed too, which other load on the
 * machine changes less.
 */
import { openGradientPool } from '../dist/pool.js';
import { BATCH, flopOf, makeShardFunction, parameterCount } from './step-network.mjs';

const TURNS = Number(process.argv[2] ?? 6);
const SHARDS = 4;
const local = await makeShardFunction();
const theta = Float32Array.from({ length: parameterCount }, (_, at) => Math.sin(at * 12.9898) * 0.05);
const shards = Array.from({ length: SHARDS }, (_, seed) => ({ images: BATCH / SHARDS, seed, weight: 1 / SHARDS }));
const rows = [];
const results = [];
for (const threads of [1, 2]) {
  const pool = await openGradientPool({
    ...{ threads, local, data: null },
    worker: new URL('./step-shards.mjs', import.meta.url),
  });
  let [best, bestProcessor] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let turn = 0; turn < TURNS; turn++) {
    const [start, before] = [performance.now(), process.cpuUsage()];
    results[threads - 1] = await pool.run(theta, shards);
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, performance.now() - start);
    bestProcessor = Math.min(bestProcessor, (user + system) / 1000);
  }
  pool.dispose();
  const gigaflops = (ms) => Number((flopOf(BATCH) / ms / 1e6).toFixed(1));
  rows.push({
    threads,
    'ms a step': Math.round(best),
    'GFLOP/s': gigaflops(best),
    'processor ms': Math.round(bestProcessor),
    'GFLOP/s of processor time': gigaflops(bestProcessor),
  });
}
console.table(rows);
const [one, two] = results.map(({ gradient }) => Buffer.from(gradient.buffer));
console.log(`same bits on one thread and two: ${one.equals(two)}`);
