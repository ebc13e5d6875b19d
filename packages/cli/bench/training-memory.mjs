/**
 * Memory of a long training: tensors and resident memory over the steps of EDSR-baseline x4, batch 8, patches 24x24. After a build:
 * `node packages/cli/bench/training-memory.mjs [--steps 500] [--threads 1] [--plan w4a4s8]`
 */
import { parseArgs } from 'node:util';
import { useBackend } from '@fqsr/backends';
import { openGradientPool } from '@fqsr/backends/pool';
import { initParams, shardFunction, startState, Trainer } from '@fqsr/sr-models';
import * as tf from '@tensorflow/tfjs';
import { batch, graphFor, options, worker } from './step-setting.mjs';

const { values: args } = parseArgs({
  options: {
    steps: { type: 'string', default: '500' },
    threads: { type: 'string', default: '1' },
    plan: { type: 'string', default: 'w4a4s8' },
  },
});
const [steps, threads] = [Number(args.steps), Number(args.threads)];
const plan = args.plan === 'float' ? null : args.plan;
await useBackend('wasm');
const graph = graphFor(plan);
const trainer = new Trainer(graph, startState(graph, initParams(graphFor(null), 1)), options);
const pool =
  threads === 1
    ? null
    : await openGradientPool({ threads, local: shardFunction(graph, options), worker, data: { plan } });
const megabytes = (bytes) => Math.round(bytes / 1e6);
const rows = [];
for (let step = 1; step <= steps; step++) {
  if (pool) await trainer.stepByShards(batch, 1e-5, pool, threads);
  else trainer.step(batch, 1e-5);
  if (step !== 5 && step % Math.ceil(steps / 10) !== 0) continue;
  const { numTensors, numBytes } = tf.memory();
  const [resident, peak] = [process.memoryUsage.rss(), process.resourceUsage().maxRSS * 1024];
  rows.push({
    step,
    tensors: numTensors,
    'tensor MB': megabytes(numBytes),
    'resident MB': megabytes(resident),
    'peak MB': megabytes(peak),
  });
  process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
}
pool?.dispose();
trainer.dispose();
console.table(rows);
const [first, last] = [rows[0], rows.at(-1)];
console.log(
  `tensors ${first.tensors} -> ${last.tensors}; resident ${first['resident MB']} -> ${last['resident MB']} MB; peak ${last['peak MB']} MB`,
);
