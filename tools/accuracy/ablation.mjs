/**
 * Methods of quantization-aware training under one budget: EDSR f32b5 x2, trained by `ablation-start.json` on photographs alone, in W4A4S8 and W2A2S8, first and last layers and skips quantized too, and with skips of 4 bits and in float.
 * `node tools/accuracy/ablation.mjs [--runs FOLDER] [--float FILE] [--only TEXT]`, after a build. It resumes: the float network has a record under `docs/accuracy/ablation-start/`, each run one under
 * `docs/accuracy/ablation/`; `tables.mjs` writes the table and the plot from them. Some 90 seconds a run on one processor core.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { makePlan, planFromPreset } from '../../packages/quant-core/dist/index.js';
import { methodPlans } from '../method-plans.mjs';
import { sharedPath } from '../shared-checkpoint.mjs';
import {
  checksum,
  commit,
  convention,
  datum,
  figures,
  fqsr,
  integers,
  readRecord,
  root,
  writeRecord,
} from './records.mjs';

const { values: args } = parseArgs({
  options: {
    runs: { type: 'string', default: join(root, 'runs/ablation') },
    /** The float network; trained unless it is given. */
    float: { type: 'string' },
    /** Runs whose name holds this. */
    only: { type: 'string', default: '' },
  },
});
const runs = resolve(args.runs);
const sets = ['Set5', 'Set14'];
const start = 'edsr-f32b5-x2';
const data = sharedPath('datasets/BSD400');

/** What every run has: the same steps of the same patches, warm-up included, and the same optimizer. */
const budget = {
  ...{ steps: 400, batchSize: 4, patchSize: 24, patchesPerImage: 8, seed: 1, shards: 1 },
  ...{ learningRate: 0.0005, schedule: 'cosine', rampSteps: 20, samples: 0 },
};
const plain = { loss: 'l1', calibration: 'mse', warmupSteps: 20 };
/** FQSR without its warm-up: grids from the greatest magnitudes in one batch. */
const cold = { loss: 'l1', calibration: 'moving-max', warmupSteps: 1 };
const warm = { ...cold, warmupSteps: 20 };
const aware = { quantizationLoss: 0.3 };
/** Our best of before there was the image skip: the losses of `quantization-aware.mjs`, from a balanced basis. */
const own = {
  ...{ distill: { 'squared-outputs': 0.1 }, loss: { mse: 0.025 } },
  ...{ quantizerRate: 3, biasRate: 30, emaDecay: 0.99 },
};

/** The methods: by whose plan, trained how, from what. */
const methods = {
  dorefa: { plan: methodPlans.dorefa.plan, how: plain },
  pact: { plan: methodPlans.pact.plan, how: plain },
  lsq: { plan: methodPlans.lsq.plan, how: plain },
  pams: { plan: methodPlans.pams.plan, how: plain },
  'fqsr-cold': { plan: methodPlans.fqsr.plan, how: cold },
  'fqsr-warm': { plan: methodPlans.fqsr.plan, how: warm },
  'fqsr-cold-aware': { plan: methodPlans.fqsr.plan, how: { ...cold, ...aware } },
  fqsr: { plan: methodPlans.fqsr.plan, how: { ...warm, ...aware } },
  'fqsr-mse': { plan: methodPlans.fqsr.plan, how: plain },
  'lsq-log': { plan: methodPlans['lsq-log'].plan, how: plain },
  ours: { plan: planFromPreset, how: own, balanced: true },
};

const floatSkips = (plan) => makePlan({ ...plan, roles: { ...plan.roles, skips: null } });
const runsOf = (bits) => [
  ...Object.keys(methods).map((method) => ({ method, preset: `w${bits}a${bits}s8`, skips: '8' })),
  ...['fqsr', 'ours'].flatMap((method) => [
    { method, preset: `w${bits}a${bits}s4`, skips: '4' },
    { method, preset: `w${bits}a${bits}s8`, skips: 'float' },
  ]),
];

/** The float network that all start from. */
function startOf() {
  const made = commit();
  const recipe = join(root, 'tools/accuracy/ablation-start.json');
  const trained = args.float ? resolve(args.float) : join(runs, 'float/model-ema.safetensors');
  if (!existsSync(trained)) {
    fqsr(runs, 'train', '--config', recipe, '--data', data, '--samples', '0', '--threads', '1', '-o', 'float');
  }
  if (!readRecord('ablation-start', start)) {
    const { parameters } = fqsr(runs, 'info', trained);
    const how = { ...JSON.parse(readFileSync(recipe, 'utf8')), data: datum('datasets/BSD400') };
    const measured = { commit: made, convention, figures: figures(runs, trained, sets) };
    writeRecord('ablation-start', start, { network: start, parameters, trained: how, ...measured });
  }
  return trained;
}

mkdirSync(runs, { recursive: true });
const float = startOf();
for (const { method, preset, skips } of [...runsOf(4), ...runsOf(2)]) {
  const { plan: planOf, how, balanced = false } = methods[method];
  const name = `${method}-${preset.slice(0, 4)}-skips-${skips}`;
  if (!name.includes(args.only) || readRecord('ablation', name)) continue;
  const made = commit();
  const plan = skips === 'float' ? floatSkips(planOf(preset)) : planOf(preset);
  const planFile = join(runs, `${name}-plan.json`);
  writeFileSync(planFile, JSON.stringify(plan));
  let init = float;
  if (balanced) {
    init = join(runs, `${name}-start.safetensors`);
    const basis = ['--rotation', 'balanced', '--reconstruction', 'none', '--patches', '256', '--seed', '1'];
    fqsr(runs, 'quantize', float, '--plan', planFile, '--calibrate', data, ...basis, '-o', init);
  }
  const options = { ...budget, ...how };
  writeFileSync(join(runs, `${name}.json`), JSON.stringify(options));
  const teacher = how.distill ? ['--teacher', float] : [];
  const from = ['--init', init, '--plan', planFile, ...teacher, '--threads', '1'];
  fqsr(runs, 'train', '--config', `${name}.json`, ...from, '--data', data, '-o', name);
  const checkpoint = `${name}/${how.emaDecay ? 'model-ema' : 'model'}.safetensors`;
  // What has float skips is no integer network: its graph is measured.
  const measured =
    skips === 'float' ? { figures: figures(runs, checkpoint, sets) } : integers(runs, checkpoint, `${name}.fqsr`, sets);
  const trained = {
    start: { name: start, sha256: checksum(float) },
    data: datum('datasets/BSD400'),
    ...options,
  };
  writeRecord('ablation', name, {
    method,
    plan: preset.slice(0, 4),
    skips,
    trained,
    commit: made,
    convention,
    ...measured,
  });
}
