/**
 * Whether generated images help beside photographs: EDSR f32b5 x4 in float, on BSD400, on `dead-leaves`, and on both, under one equal budget. After a build:
 * `node tools/zoo/data.mjs [--runs FOLDER] [--steps 3000] [--seeds 1,2] [--mixes bsd400,...]`. It resumes, and writes records under `docs/accuracy/training-data/`; `node tools/accuracy/tables.mjs` puts them on the page.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { commit, convention, datum, figures, fqsr, root, sets, writeRecord } from '../accuracy/records.mjs';
import { sharedPath } from '../shared-checkpoint.mjs';
import { generated, photographs } from './networks.mjs';

const { values: args } = parseArgs({
  options: {
    runs: { type: 'string', default: join(root, 'runs/training-data') },
    steps: { type: 'string', default: '3000' },
    seeds: { type: 'string', default: '1,2' },
    mixes: { type: 'string', default: 'bsd400,bsd400-and-dead-leaves,dead-leaves' },
  },
});
const runs = resolve(args.runs);
const recipe = 'edsr-f32b5-x4-zoo';
const images = sharedPath(`datasets/${photographs}`);
const mixes = {
  bsd400: images,
  'dead-leaves': generated,
  'bsd400-and-dead-leaves': `${images},${generated}`,
};

mkdirSync(runs, { recursive: true });
const made = commit();
const config = {
  ...JSON.parse(readFileSync(join(root, 'packages/cli/recipes', `${recipe}.json`), 'utf8')),
  ...{ steps: Number(args.steps), samples: 0 },
};
const configPath = join(runs, `${config.steps}.json`);
writeFileSync(configPath, JSON.stringify(config));
for (const name of args.mixes.split(',')) {
  const data = mixes[name];
  if (!data) throw new Error(`data: mixes must be of ${Object.keys(mixes).join(', ')}, got ${name}`);
  const runsOf = args.seeds.split(',').map((seed) => {
    const run = `${name}-${config.steps}-${seed}`;
    if (!existsSync(join(runs, run, 'model-ema.safetensors'))) {
      fqsr(runs, 'train', '--config', configPath, '--data', data, '--seed', seed, '--threads', '1', '-o', run);
    }
    return { seed: Number(seed), figures: figures(runs, join(run, 'model-ema.safetensors'), sets) };
  });
  writeRecord('training-data', `${name}-${config.steps}`, {
    ...{ recipe, steps: config.steps, convention, commit: made },
    photographs: name === 'dead-leaves' ? null : datum(`datasets/${photographs}`),
    generated: name === 'bsd400' ? null : generated,
    runs: runsOf,
  });
}
