/**
 * All quantizers and all estimators on one small task: EDSR x2 with 2 blocks of 16 features, trained in float on dead leaves, then with weights and activations
 * of 4 bits, and of 2. Writes `docs/quantizers/comparison.json` and the curves beside it, and prints the tables of `docs/quantizers.md`. After a build, from
 * the root, 17 minutes on two busy cores: `node tools/compare-quantizers.mjs`; `--draw` only draws again what the JSON holds.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { useBackend } from '../packages/backends/dist/index.js';
import { createPatchStream, openSource, pairsOf } from '../packages/datasets/dist/index.js';
import { measure } from '../packages/metrics/dist/index.js';
import { stes } from '../packages/quant-core/dist/index.js';
import {
  buildGraph,
  forward,
  initParams,
  modelByName,
  quantizeGraph,
  startState,
  Trainer,
  toTensors,
  trainerDefaults,
} from '../packages/sr-models/dist/index.js';
import { methodPlans, plan } from './method-plans.mjs';
import { chart, colours, legend, svg } from './svg-chart.mjs';

const task = {
  model: 'edsr-f16b2',
  scale: 2,
  training: 'dead-leaves:96:128:1',
  evaluation: 'dead-leaves:8:128:1000',
  convention: 'edsr-benchmark',
  presets: ['w4a4s8', 'w2a2s8'],
  patchSize: 16,
  batchSize: 4,
  float: { steps: 1500, learningRate: 3e-3 },
  quantized: { steps: 200, learningRate: 1e-3, warmupSteps: 20 },
  seeds: [1, 2],
};

const methods = Object.entries(methodPlans).map(([name, { what, plan: planOf }]) => [name, what, planOf]);
const estimators = Object.keys(stes).map((ste) => [ste, 'weights and activations by lsq-log', plan({ ste }, { ste })]);

const float = buildGraph(modelByName(task.model, task.scale));

/** Trains; the losses and the parameters. */
function train(graph, params, { steps, learningRate, warmupSteps = 0 }, batches, from) {
  const trainer = new Trainer(graph, startState(graph, params), { ...trainerDefaults, warmupSteps });
  const losses = [];
  for (let step = 0; step < steps; step++) {
    const cosine = (1 + Math.cos((Math.PI * step) / steps)) / 2;
    losses.push(trainer.step(batches[(from + step) % batches.length], learningRate * cosine));
  }
  const trained = trainer.params();
  trainer.dispose();
  return { losses, params: trained };
}

/** Mean PSNR in dB. */
function psnr(graph, params, mode, pairs) {
  const values = pairs.map(({ lr, hr }) => {
    const data = tf.tidy(() => {
      const images = tf.tensor4d(Float32Array.from(lr.data), [1, lr.height, lr.width, 3]);
      return forward(graph, images, { params: toTensors(graph, params), mode }).dataSync();
    });
    const sr = { ...hr, data: Uint8Array.from(data, (value) => Math.min(255, Math.max(0, Math.round(value)))) };
    return measure(sr, hr, { convention: task.convention, scale: task.scale }).psnr;
  });
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** All networks first, so that a plan that a method refuses ends the run before it begins. */
const graphs = new Map(
  [...methods, ...estimators].map(([, , planOf]) => {
    return [planOf, new Map(task.presets.map((preset) => [preset, quantizeGraph(float, planOf(preset))]))];
  }),
);

async function run() {
  await useBackend('wasm');
  const stream = createPatchStream(await openSource(task.training), { ...task, seed: 1 });
  const batches = [];
  for (let i = 0; i < task.float.steps; i++) batches.push(await stream.batch(i));
  const pairs = [];
  for await (const pair of pairsOf(await openSource(task.evaluation), task.scale)) pairs.push(pair);
  const start = train(float, initParams(float, 1), task.float, batches, 0);
  const floatPsnr = psnr(float, start.params, 'float', pairs);
  console.log(`float: ${floatPsnr.toFixed(2)} dB`);
  const results = (rows) =>
    rows.map(([name, what, planOf]) => {
      const widths = task.presets.map((preset) => {
        const graph = graphs.get(planOf).get(preset);
        const runs = task.seeds.map((seed) => {
          // A seed is a place in the data: everything else starts from the same float network.
          const { losses, params } = train(graph, start.params, task.quantized, batches, seed * 331);
          return { losses, psnr: psnr(graph, params, 'exact', pairs) };
        });
        console.log(`${name}, ${preset}: ${runs.map((one) => one.psnr.toFixed(2)).join(', ')} dB`);
        return { preset, psnr: runs.map((one) => Number(one.psnr.toFixed(3))), losses: smooth(runs) };
      });
      return { name, what, widths };
    });
  return { task, float: Number(floatPsnr.toFixed(3)), quantizers: results(methods), estimators: results(estimators) };
}

/** Mean losses over all runs and 20 steps, after the warm-up. */
function smooth(runs) {
  const { steps, warmupSteps } = task.quantized;
  const points = [];
  for (let from = warmupSteps; from + 20 <= steps; from += 20) {
    const all = runs.flatMap(({ losses }) => losses.slice(from, from + 20));
    points.push([from + 10, Number((all.reduce((a, b) => a + b, 0) / all.length).toFixed(3))]);
  }
  return points;
}

function draw({ quantizers, estimators: others }) {
  const panel = (rows, width, x, y, title) => {
    const curves = rows.map(({ widths }) => widths[width].losses);
    // Methods that start far above the others enter the picture when they come down.
    const starts = curves.map((losses) => losses[1][1]).toSorted((a, b) => a - b);
    const ys = [
      Math.min(...curves.flat().map(([, loss]) => loss)) - 0.2,
      starts[Math.floor(starts.length * 0.7)] + 0.3,
    ];
    const ticks = Array.from({ length: 40 }, (_, i) => Math.ceil(ys[0]) + i).filter((v) => v <= ys[1]);
    const lines = curves.map((losses, i) => ({
      points: losses.map(([step, loss]) => (loss > ys[1] ? null : [step, loss])),
      colour: colours[i],
      dashed: i % 2 === 1,
    }));
    const box = { x, y, width: 300, height: 240 };
    return chart(box, {
      title,
      xs: [20, task.quantized.steps],
      ys,
      xTicks: [50, 100, 150, 200],
      yTicks: ticks,
      lines,
      xLabel: 'step',
    });
  };
  const names = (rows) => rows.map(({ name }, i) => ({ name, colour: colours[i], dashed: i % 2 === 1 }));
  const kinds = [
    ['quantizers', quantizers, 40],
    ['estimators', others, 490],
  ];
  const elements = kinds.flatMap(([kind, rows, x]) => [
    ...task.presets.map((preset, i) =>
      panel(rows, i, x, 40 + i * 310, `${kind}, ${preset}: training loss, grey levels`),
    ),
    legend(x + 315, 56, names(rows)),
  ]);
  return svg(940, 650, elements, 'Training loss of all quantizers and estimators');
}

function table(rows, heading) {
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
  console.log(`\n| ${heading} | what it quantizes | ${task.presets.map((preset) => `${preset} dB`).join(' | ')} |`);
  console.log(`| --- | --- |${task.presets.map(() => ' --- |').join('')}`);
  for (const { name, what, widths } of rows) {
    const cells = widths.map(({ psnr }) => `${mean(psnr).toFixed(2)} (${psnr.map((v) => v.toFixed(2)).join(', ')})`);
    console.log(`| \`${name}\` | ${what} | ${cells.join(' | ')} |`);
  }
}

const folder = fileURLToPath(new URL('../docs/quantizers/', import.meta.url));
mkdirSync(folder, { recursive: true });
const file = `${folder}comparison.json`;
if (!process.argv.includes('--draw')) writeFileSync(file, `${JSON.stringify(await run())}\n`);
const results = JSON.parse(readFileSync(file, 'utf8'));
writeFileSync(`${folder}comparison.svg`, draw(results));
table(results.quantizers, 'quantizer');
table(results.estimators, 'estimator');
