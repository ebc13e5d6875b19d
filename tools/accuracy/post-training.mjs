/**
 * Post-training quantization of the shared checkpoints, calibrated on BSD400: records of the integer networks on all benchmark sets. After a build:
 * `node tools/accuracy/post-training.mjs [--networks edsr_baseline_x4,...] [--plans w8a8s8-channel,w6a6s8-channel] [--force] [fqsr quantize options behind --]`
 *
 * A record that is there is kept, unless forced.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sharedPath } from '../shared-checkpoint.mjs';
import { commit, convention, datum, floatFigures, fqsr, integers, readRecord, sets, writeRecord } from './records.mjs';

const { values: args, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    networks: { type: 'string', default: 'edsr_baseline_x4,edsr_baseline_x2,srgan_generator_x4' },
    plans: { type: 'string', default: 'w8a8s8-channel,w6a6s8-channel' },
    sets: { type: 'string', default: sets.join(',') },
    force: { type: 'boolean', default: false },
    dry: { type: 'boolean', default: false },
  },
});

/** What every record is made with. */
const common = [
  ...['--patches', '128', '--patch-size', '16', '--calibration', 'mse', '--seed', '1'],
  ...['--rotation', 'hadamard', '--reconstruction', 'block', '--bias-correction', 'mean'],
];

/** Six bits of an EDSR: nothing learned, see `docs/accuracy.md`. */
const sixOfEdsr = ['--rotation', 'balanced', '--image-skip', 'bilinear', '--reconstruction', 'none'];

/** What stands behind that, where it does better; options behind `--` come last. */
const own = {
  'edsr_baseline_x2-w8a8s8-channel': ['--reconstruction', 'none', '--skip-grids', 'stream'],
  'edsr_baseline_x2-w6a6s8-channel': sixOfEdsr,
  'edsr_baseline_x4-w6a6s8-channel': sixOfEdsr,
};

/** Before anything runs: later the tree may have moved on. */
const made = commit();

const folder = mkdtempSync(join(tmpdir(), 'fqsr-accuracy-'));
try {
  for (const network of args.networks.split(',')) {
    const source = `checkpoints/${network}.safetensors`;
    mkdirSync(join(folder, network));
    const cwd = join(folder, network);
    fqsr(cwd, 'import', sharedPath(source), '-o', 'float.safetensors');
    for (const plan of args.plans.split(',')) {
      const name = `${network}-${plan}`;
      if (readRecord('post-training', name) && !args.force) continue;
      const options = [...common, ...(own[name] ?? []), ...positionals];
      const calibrate = ['--calibrate', sharedPath('datasets/BSD400')];
      const checkpoint = `${plan}.safetensors`;
      fqsr(cwd, 'quantize', 'float.safetensors', '--plan', plan, ...calibrate, ...options, '-o', checkpoint);
      const measured = integers(cwd, checkpoint, `${plan}.fqsr`, args.sets.split(','));
      const record = {
        network,
        plan,
        start: datum(source),
        calibrated: datum('datasets/BSD400'),
        options: options.join(' '),
        commit: made,
        convention,
        ...measured,
      };
      if (!args.dry) writeRecord('post-training', name, record);
      const float = floatFigures(cwd, 'float.safetensors', source);
      for (const [set, { psnr }] of Object.entries(measured.figures)) {
        console.log(`${name} ${set}: ${psnr.toFixed(3)} dB, ${(psnr - float[set].psnr).toFixed(3)} to float`);
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
