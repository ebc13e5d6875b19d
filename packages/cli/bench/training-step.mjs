/**
 * A training step of EDSR-baseline x4, batch 8, patches 24x24, as `fqsr train` takes it: gradient, Adam, everything. After a build:
 * `node packages/cli/bench/training-step.mjs [--turns 8] [--plans float,w4a4s8] [--json]`
 *
 * Float and W4A4S8, on one thread with the batch whole and in two shards, and on two threads, take turns in one process, and the best turn of each counts: other work on the machine then slows none of them alone.
 * Convolutions are counted as direct ones, two operations for a multiply-add, forward and both gradients.
 */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { measurePeak, useBackend } from '@fqsr/backends';
import { openGradientPool } from '@fqsr/backends/pool';
import {
  cost,
  flatLayout,
  flatten,
  forward,
  initParams,
  shardFunction,
  startState,
  Trainer,
  toTensors,
} from '@fqsr/sr-models';
import { BATCH, batch, graphFor, options, SIDE, worker } from './step-setting.mjs';

const { values: args } = parseArgs({
  options: {
    turns: { type: 'string', default: '8' },
    plans: { type: 'string', default: 'float,w4a4s8' },
    json: { type: 'boolean' },
  },
});
const plans = args.plans.split(',');
const TURNS = Number(args.turns);
/** Steps before any is timed: observers watch the first one, and V8 compiles for some more, on threads of its own. */
const WARM_UP = 12;
await tf.setBackend('wasm');
const floatGraph = graphFor(null);
const params = initParams(floatGraph, 1);
const macs = cost(floatGraph).macsPerPixel * SIDE * SIDE * BATCH;
// The first layer needs no gradient of its input.
const headMacs = 27 * 64 * SIDE * SIDE * BATCH;
const stepFlop = 2 * (3 * macs - headMacs);

const best = { milliseconds: Number.POSITIVE_INFINITY, processor: Number.POSITIVE_INFINITY };
async function time(work, into) {
  const [start, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  into.milliseconds = Math.min(into.milliseconds, performance.now() - start);
  into.processor = Math.min(into.processor, (user + system) / 1000);
}

/** The forward pass by TF.js's own kernels, before ours replace them. */
function forwardPass() {
  const tensors = toTensors(floatGraph, params);
  const lr = tf.tensor4d(batch.lr, [BATCH, SIDE, SIDE, 3]);
  return {
    run: () => tf.tidy(() => forward(floatGraph, lr, { params: tensors, mode: 'float' }).dataSync()[0]),
    dispose: () => tf.dispose([lr, ...tensors.values()]),
  };
}
async function timeForward() {
  const times = { ...best };
  const pass = forwardPass();
  for (let turn = 0; turn <= TURNS; turn++) await time(pass.run, times);
  pass.dispose();
  return times;
}
const plain = await timeForward();
await useBackend('wasm');
const ours = await timeForward();
const peak = measurePeak();

const subjects = [];
for (const name of plans) {
  const plan = name === 'float' ? null : name;
  const graph = graphFor(plan);
  for (const [threads, shards] of [
    [1, 1],
    [1, 2],
    [2, 2],
  ]) {
    const trainer = new Trainer(graph, startState(graph, params), options);
    const pool =
      shards === 1
        ? null
        : await openGradientPool({ threads, local: shardFunction(graph, options), worker, data: { plan } });
    const step = async () => (pool ? trainer.stepByShards(batch, 1e-5, pool, shards) : trainer.step(batch, 1e-5));
    for (let i = 0; i < WARM_UP; i++) await step();
    subjects.push({
      name,
      threads,
      shards,
      step,
      times: { ...best },
      dispose: () => {
        trainer.dispose();
        pool?.dispose();
      },
    });
  }
}
// Whole batches on each thread at once, which share nothing: what two threads of this machine give at best.
for (const threads of [1, 2]) {
  const pool = await openGradientPool({
    threads,
    local: shardFunction(floatGraph, options),
    worker,
    data: { plan: null },
  });
  const whole = {
    ...{ batch, weight: 1, running: new Map(), samples: false },
    pass: { mode: 'float', statistics: 'batch', seed: 0 },
  };
  const theta = flatten(flatLayout(floatGraph), params);
  const step = () => pool.run(theta, Array(threads).fill(whole));
  await step();
  subjects.push({ name: 'apart', threads, shards: threads, step, times: { ...best }, dispose: () => pool.dispose() });
}
for (let turn = 0; turn < TURNS; turn++) for (const { step, times } of subjects) await time(step, times);

const of = (name, threads, shards = threads) =>
  subjects.find((each) => each.name === name && each.threads === threads && each.shards === shards).times.milliseconds;
const perPlan = (ratio) => Object.fromEntries(plans.flatMap((plan) => Object.entries(ratio(plan))));
const results = {
  peak,
  steps: subjects
    .filter(({ name }) => name !== 'apart')
    .map(({ name, threads, shards, times }) => ({
      ...{ plan: name, threads, shards, ...times },
      gigaflops: stepFlop / times.milliseconds / 1e6,
    })),
  ratios: {
    'forward, to TF.js': plain.milliseconds / ours.milliseconds,
    'machine: whole batches of two threads at once, to one': (2 * of('apart', 1)) / of('apart', 2),
    ...perPlan((plan) => ({
      [`${plan} step on one thread, to the peak of multiply-adds`]: stepFlop / of(plan, 1) / 1e6 / peak,
      [`${plan}, two threads to one`]: of(plan, 1) / of(plan, 2),
      // The same bits, since shards decide them: what the second thread gives to a training that is cut for two.
      [`${plan}, two threads to one, two shards each`]: of(plan, 1, 2) / of(plan, 2),
      // What a shard costs whatever its images: filters transformed, operations dispatched.
      [`${plan}, share of a shard that does not shrink with it`]: of(plan, 1, 2) / of(plan, 1) - 1,
    })),
    ...(plans.includes('float') &&
      plans.includes('w4a4s8') && {
        'w4a4s8 to float, one thread': of('w4a4s8', 1) / of('float', 1),
        'w4a4s8 to float, two threads': of('w4a4s8', 2) / of('float', 2),
      }),
  },
};
for (const { dispose } of subjects) dispose();
if (args.json) console.log(JSON.stringify(results));
else {
  console.log(`peak of float32 SIMD multiply-adds, one thread: ${peak.toFixed(1)} GFLOP/s`);
  console.table(
    results.steps.map(({ plan, threads, shards, milliseconds, processor, gigaflops }) => ({
      plan,
      threads,
      shards,
      'ms a step': Math.round(milliseconds),
      'processor ms': Math.round(processor),
      'GFLOP/s': Number(gigaflops.toFixed(1)),
    })),
  );
  console.table(
    Object.fromEntries(Object.entries(results.ratios).map(([name, ratio]) => [name, Number(ratio.toFixed(2))])),
  );
}
