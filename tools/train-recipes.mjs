/**
 * Trains the small recipes of every family, in float and fully quantized, exports each quantized network, and writes what came of it. After a build:
 * `node tools/train-recipes.mjs [--runs runs] [--data BSD400] [--validate Set5] [--families edsr,srresnet,srgan] [--threads N]`
 *
 * Run folders resume, so that it may be stopped at any time and started again; finished ones take a moment. With `--write` the table goes into `docs/training.md`.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sharedPath } from './shared-checkpoint.mjs';

const { values: args } = parseArgs({
  options: {
    runs: { type: 'string', default: 'runs' },
    data: { type: 'string' },
    validate: { type: 'string' },
    families: { type: 'string', default: 'edsr,srresnet,srgan' },
    threads: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const data = args.data ?? sharedPath('datasets/BSD400');
const validate = args.validate ?? sharedPath('datasets/Set5');

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'packages/cli/bin/fqsr.js');
const plans = ['w8a8s8', 'w4a4s8', 'w2a2s8'];
const withPlans = (start, name) => [...start, ...plans.map((plan) => `${name}-${plan}`)];
const families = {
  edsr: withPlans(['edsr-small-x2'], 'edsr-small-x2'),
  srresnet: withPlans(['srresnet-small-x4'], 'srresnet-small-x4'),
  srgan: withPlans(['srgan-small-x4-pretrain', 'srgan-small-x4'], 'srgan-small-x4'),
};

/** Runs `fqsr` where recipes look for what they start from; its JSON. */
function fqsr(...given) {
  const out = execFileSync(process.execPath, [bin, ...given, '--json'], {
    cwd: args.runs,
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 28,
  });
  return JSON.parse(out.toString());
}

/** Recipes name `runs/NAME/model.safetensors`. */
const folderOf = (name) => join('runs', name);

function logged(name) {
  const lines = readFileSync(join(args.runs, folderOf(name), 'validation.jsonl'), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => JSON.parse(line));
}

function train(name) {
  const recipe = join(root, 'packages/cli/recipes', `${name}.json`);
  const threads = args.threads ? ['--threads', args.threads] : [];
  // Fixed shards: the same bits on any machine.
  const common = ['--data', data, '--validate', validate, '--samples', '0', '--shards', '1'];
  const { model } = fqsr('train', '--config', recipe, ...common, ...threads, '-o', folderOf(name));
  return model;
}

/** Exports, verified against the graph, and measures the integers and the graph they were made from. */
function prove(name) {
  const kept = join(args.runs, folderOf(name), 'proof.json');
  if (existsSync(kept)) return JSON.parse(readFileSync(kept, 'utf8'));
  const averaged = join(folderOf(name), 'model-ema.safetensors');
  const checkpoint = existsSync(join(args.runs, averaged)) ? averaged : join(folderOf(name), 'model.safetensors');
  const model = join(folderOf(name), 'model.fqsr');
  const exported = fqsr('export', checkpoint, '-o', model, '--verify', validate);
  const audit = fqsr('info', model, '--audit');
  const integers = fqsr('eval', '--model', model, '--data', validate);
  const graph = fqsr('eval', '--model', checkpoint, '--data', validate);
  const proof = { exported, fullyQuantized: audit.audit?.fullyQuantized ?? audit.fullyQuantized, integers, graph };
  writeFileSync(kept, JSON.stringify(proof));
  return proof;
}

mkdirSync(join(args.runs, 'runs'), { recursive: true });
const rows = [];
for (const family of args.families.split(',')) {
  for (const name of families[family]) {
    process.stderr.write(`\n${name}\n`);
    train(name);
    const measured = logged(name);
    const plan = plans.find((each) => name.endsWith(each));
    rows.push({ name, first: measured[0], last: measured.at(-1), proof: plan ? prove(name) : null });
  }
}

const db = (value) => value.toFixed(2);
const table = [
  '| recipe | first validation | last validation | integers | graph | fully quantized |',
  '| --- | --- | --- | --- | --- | --- |',
  ...rows.map(({ name, first, last, proof }) => {
    const validations = [first, last].map(({ psnr, step }) => `${db(psnr)} dB at ${step}`);
    const proven = proof
      ? [`${db(proof.integers.psnr)} dB`, `${db(proof.graph.psnr)} dB`, proof.fullyQuantized ? 'yes' : 'NO']
      : ['', '', ''];
    return `| \`${name}\` | ${[...validations, ...proven].join(' | ')} |`;
  }),
].join('\n');
console.log(table);
if (args.write) {
  const page = join(root, 'docs/training.md');
  const [before, rest] = readFileSync(page, 'utf8').split('<!-- table -->\n');
  const after = rest.slice(rest.indexOf('<!-- end -->'));
  writeFileSync(page, `${before}<!-- table -->\n\n${table}\n\n${after}`);
}
