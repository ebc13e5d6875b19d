/**
 * Run records: what was measured, of which network, made how, on which data. One JSON file each under `docs/accuracy/`, from which `tables.mjs` writes the page.
 * Figures come from `fqsr`'s own JSON, so that a record holds nothing that a user could not print.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sharedPath } from '../shared-checkpoint.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const home = join(root, 'docs/accuracy');

/** The convention of every figure. */
export const convention = 'edsr-benchmark';

/** The benchmark sets; Urban100 by its first 20 images. */
export const sets = ['Set5', 'Set14', 'BSD100', 'Urban100'];

/** Runs `fqsr` in a folder; its JSON. */
export function fqsr(cwd, ...given) {
  const out = execFileSync(process.execPath, [join(root, 'packages/cli/bin/fqsr.js'), ...given, '--json'], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 28,
  });
  return JSON.parse(out.toString());
}

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** SHA-256 of a file; of a folder, that of its files' names and checksums, in order. */
export function checksum(path) {
  if (!statSync(path).isDirectory()) return sha256(readFileSync(path));
  const names = readdirSync(path, { recursive: true }).filter((name) => statSync(join(path, name)).isFile());
  return sha256(
    names
      .toSorted()
      .map((name) => `${name} ${sha256(readFileSync(join(path, name)))}\n`)
      .join(''),
  );
}

const checksums = new Map();

/** A folder or file of the shared data, as a record names it. */
export function datum(name) {
  if (!checksums.has(name)) checksums.set(name, checksum(sharedPath(name)));
  return { name: basename(name), sha256: checksums.get(name) };
}

/** The commit that this is, with a `+` where files that decide what is measured differ from it: the zoo's networks are results themselves. */
export function commit() {
  const git = (...given) => execFileSync('git', given, { cwd: root }).toString().trim();
  const changed = git('status', '--porcelain', '--', 'packages', 'tools', ':!packages/sr-models/zoo').length > 0;
  return `${git('rev-parse', '--short=12', 'HEAD')}${changed ? '+' : ''}`;
}

/** Figures of a model on the benchmark sets: `{ Set5: { psnr, ssim, images, sha256 }, ... }`. */
export function figures(cwd, model, names = sets) {
  return Object.fromEntries(
    names.map((name) => {
      const data = `datasets/${name}`;
      const { psnr, ssim, images } = fqsr(
        cwd,
        'eval',
        '--model',
        model,
        '--data',
        sharedPath(data),
        '--convention',
        convention,
      );
      return [name, { psnr, ssim, images, sha256: datum(data).sha256 }];
    }),
  );
}

const total = (rows, key) => rows.reduce((sum, row) => sum + row[key], 0);

/** What an integer model is: bytes, cost, audit and figures. The checkpoint is exported first, which compares it with the graph. */
export function integers(cwd, checkpoint, model, names = sets) {
  const exported = fqsr(cwd, 'export', checkpoint, '-o', model, '--verify', sharedPath('datasets/Set5'));
  const { parameters, bitOpsPerPixel, modelBytes, audit } = fqsr(cwd, 'info', model, '--audit');
  return {
    parameters,
    bitOpsPerPixel,
    modelBytes,
    sha256: checksum(join(cwd, model)),
    fullyQuantized: audit.fullyQuantized,
    // Over all stored tensors, integers against the graph.
    compared: total(exported.agreement, 'samples'),
    different: total(exported.agreement, 'different'),
    figures: figures(cwd, model, names),
  };
}

const at = (kind, name) => join(home, kind, `${name}.json`);

/** A record, or `null`. */
export const readRecord = (kind, name) =>
  existsSync(at(kind, name)) ? JSON.parse(readFileSync(at(kind, name), 'utf8')) : null;

/** All records of a kind, by name. */
export function records(kind) {
  const folder = join(home, kind);
  if (!existsSync(folder)) return new Map();
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -5));
  return new Map(names.toSorted().map((name) => [name, readRecord(kind, name)]));
}

export function writeRecord(kind, name, record) {
  mkdirSync(join(home, kind), { recursive: true });
  writeFileSync(at(kind, name), `${JSON.stringify(record, null, 1)}\n`);
}

/** The figures of a float network of the shared checkpoints, measured once. */
export function floatFigures(cwd, checkpoint, source) {
  const known = readRecord('float', basename(source, '.safetensors'));
  if (known) return known.figures;
  const record = { checkpoint: datum(source), commit: commit(), convention, figures: figures(cwd, checkpoint) };
  writeRecord('float', basename(source, '.safetensors'), record);
  return record.figures;
}
