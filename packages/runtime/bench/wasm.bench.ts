/**
 * Where the WASM backend's time goes: microseconds for each pixel of a 128 x 128 input, by kind of layer and algorithm, on one and two threads.
 *
 *     npm run bench -w packages/runtime -- bench/wasm.bench.ts
 *
 * `wall` is the least time of several runs, `cpu` the least processor time of all threads, which a busy machine disturbs less; those of layers are processor times
 * too. `FQSR_BENCH` narrows it to networks and threads, as in `FQSR_BENCH=edsr-baseline-x4-w8a8s8/1`; `FQSR_RUNS` sets the number of runs.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { bench, describe } from 'vitest';
import type { Engine } from '../src/engine.js';
import { openWasm } from '../src/kernels/wasm/engine.js';
import type { WasmStep } from '../src/kernels/wasm/program.js';
import type { IntegerModel } from '../src/model.js';
import { checkModel } from '../src/validate.js';
import { randomImage } from '../test/models.js';
import { edsrBaseline, srResNet } from './networks.js';

const SIDE = 128;
const { FQSR_RUNS = '12', FQSR_BENCH: only = '' } = process.env;

const networks = [
  edsrBaseline({ weightBits: 8, bits: 8, skipBits: 8 }),
  edsrBaseline({ weightBits: 4, bits: 4, skipBits: 8 }),
  srResNet({ weightBits: 8, bits: 8, skipBits: 8 }),
  srResNet({ weightBits: 4, bits: 4, skipBits: 8 }),
];

/** Milliseconds that all threads have worked. */
const cpuTime = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
};

/** `body.3.conv1` is of the kind `body.conv1`. */
const kindOf = (step: WasmStep | 'input' | 'output') =>
  typeof step === 'string' ? step : `${step.name.replace(/\.\d+/g, '')} ${step.algorithm ?? step.kernel}`;

/** Warms up, then runs: the least processor time of each kind, the least wall and processor time of all. */
async function measure(model: IntegerModel, threads: number) {
  let times = new Map<string, number>();
  let last = 0;
  const watch = (step: WasmStep | 'input' | 'output') => {
    const now = cpuTime();
    times.set(kindOf(step), (times.get(kindOf(step)) ?? 0) + now - last);
    last = now;
  };
  const engine = await openWasm(checkModel(model, 'bench'), { memoryBytes: 64 * 2 ** 20, threads, watch });
  // Threads start in turns of the event loop, which the runs below leave no time for.
  await sleep(300);
  const image = randomImage(1, SIDE, SIDE);
  const best = { kinds: new Map<string, number>(), wall: Number.POSITIVE_INFINITY, cpu: Number.POSITIVE_INFINITY };
  for (let run = -2; run < Number(FQSR_RUNS); run++) {
    times = new Map();
    last = cpuTime();
    const [wall, cpu] = [performance.now(), last];
    drain(engine, image);
    if (run < 0) continue;
    best.wall = Math.min(best.wall, performance.now() - wall);
    best.cpu = Math.min(best.cpu, cpuTime() - cpu);
    for (const [kind, time] of times) best.kinds.set(kind, Math.min(best.kinds.get(kind) ?? time, time));
  }
  engine.dispose();
  return best;
}

function drain(engine: Engine, image: Parameters<Engine['run']>[0]): void {
  for (const _ of engine.run(image) as Generator<number>);
}

const perPixel = (milliseconds: number) => ((milliseconds * 1e3) / SIDE ** 2).toFixed(2).padStart(7);

describe('the WASM backend', async () => {
  for (const model of networks) {
    for (const threads of [1, 2]) {
      const id = `${model.name}/${threads}`;
      if (!id.includes(only)) continue;
      const { kinds, wall, cpu } = await measure(model, threads);
      console.log(
        [
          `${id}: wall ${perPixel(wall)}, cpu ${perPixel(cpu)} us per pixel`,
          ...[...kinds].map(([kind, time]) => `${perPixel(time)} ${kind}`),
        ].join('\n'),
      );
    }
  }
  bench('nothing', () => {}, { time: 1, iterations: 1, warmupTime: 0, warmupIterations: 0 });
});
