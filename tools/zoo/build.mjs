/**
 * Trains, quantizes, exports and measures networks of the zoo: `node tools/zoo/build.mjs [--networks NAME,...] [--runs FOLDER] [--sets Set5,...]`, after a build. It resumes: what lies whole in the runs folder
 * stays. Each integer network becomes `packages/sr-models/zoo/NAME.fqsr` and a record under `docs/accuracy/zoo/`; `node tools/accuracy/tables.mjs` writes the cards and tables from those.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { betterBy, madeBy } from '../accuracy/better.mjs';
import {
  commit,
  convention,
  datum,
  figures,
  fqsr,
  integers,
  readRecord,
  root,
  sets,
  writeRecord,
} from '../accuracy/records.mjs';
import { sharedPath } from '../shared-checkpoint.mjs';
import { generated, networks, photographs } from './networks.mjs';

const { values: args } = parseArgs({
  options: {
    networks: { type: 'string', default: Object.keys(networks).join(',') },
    runs: { type: 'string', default: join(root, 'runs/zoo') },
    sets: { type: 'string', default: sets.join(',') },
    threads: { type: 'string' },
  },
});
const runs = resolve(args.runs);
const measured = args.sets.split(',');
const zoo = join(root, 'packages/sr-models/zoo');
const images = sharedPath(`datasets/${photographs}`);
const data = ['--data', `${images},${generated}`, '--validate', sharedPath('datasets/Set5'), '--samples', '0'];
const threads = args.threads ? ['--threads', args.threads] : [];
const recipePath = (name) => join(root, 'packages/cli/recipes', `${name}.json`);
const recipeOf = (name) => JSON.parse(readFileSync(recipePath(name), 'utf8'));

/** Runs a recipe to its end in a folder, unless it is there. */
function train(name, folder, ...more) {
  if (existsSync(join(folder, 'model.safetensors'))) return;
  fqsr(runs, 'train', '--config', recipePath(name), ...data, ...threads, ...more, '-o', folder);
}

/** The float network of a name, trained unless it is there, and what it goes on from before it. */
function floatOf(name) {
  const { recipe, from } = networks[name];
  const folder = join(runs, name);
  train(recipe, folder, ...(from ? ['--init', floatOf(from)] : []));
  return madeBy(folder)[0];
}

mkdirSync(runs, { recursive: true });
mkdirSync(zoo, { recursive: true });
for (const name of args.networks.split(',')) {
  const network = networks[name];
  if (!network) throw new Error(`zoo: networks must be of ${Object.keys(networks).join(', ')}, got ${name}`);
  const made = commit();
  const folder = join(runs, name);
  const float = floatOf(name);
  const { parameters } = fqsr(runs, 'info', float);
  const { recipe: trainedBy, from } = network;
  const trained = {
    ...{ recipe: trainedBy, ...(from && { from }), ...recipeOf(trainedBy) },
    ...{ data: datum(`datasets/${photographs}`), generated },
  };
  const own = { network: name, convention, parameters, trained };
  if (!readRecord('zoo', name)) {
    writeRecord('zoo', name, { ...own, plan: 'float', commit: made, figures: figures(runs, float, measured) });
  }
  for (const [plan, { quantize, recipe }] of Object.entries(network.plans)) {
    const label = `${name}-${plan}`;
    if (readRecord('zoo', label)) continue;
    const start = join(folder, `${plan}-start.safetensors`);
    if (!existsSync(start)) {
      fqsr(runs, 'quantize', float, '--calibrate', images, ...quantize, '-o', start);
    }
    const tuned = join(runs, label);
    if (recipe) train(recipe, tuned, '--init', start, '--teacher', float);
    const checkpoint = recipe ? betterBy(runs, tuned, float) : start;
    const took = recipe && { took: basename(checkpoint, '.safetensors') };
    const model = `${label}.fqsr`;
    const integer = integers(runs, checkpoint, model, measured);
    copyFileSync(join(runs, model), join(zoo, model));
    const how = { quantize: quantize.join(' '), ...(recipe && { tuned: { recipe, ...recipeOf(recipe), ...took } }) };
    writeRecord('zoo', label, { ...own, plan, ...how, commit: made, ...integer });
  }
}
