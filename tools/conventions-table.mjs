/**
 * What a convention changes: the table of `docs/conventions.md`, from a benchmark set, after a build:
 * `node tools/conventions-table.mjs ../shared/datasets/Set5 4`
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { openSource, pairsOf, resizeBicubic } from '../packages/datasets/dist/index.js';
import { conventionNames, conventions, msSsim } from '../packages/metrics/dist/index.js';

const [folder, factor] = process.argv.slice(2);
const scale = Number(factor);
if (!folder || !Number.isInteger(scale)) {
  console.error('usage: node tools/conventions-table.mjs FOLDER SCALE');
  process.exit(2);
}
const fqsr = fileURLToPath(new URL('../packages/cli/bin/fqsr.js', import.meta.url));
const evaluate = (method, convention) => {
  const args = ['eval', '--data', folder, '--scale', factor, '--method', method, '--convention', convention, '--json'];
  return JSON.parse(execFileSync(process.execPath, [fqsr, ...args], { stdio: ['ignore', 'pipe', 'ignore'] }));
};

/** The mean over a set; MS-SSIM needs images of a size that small sets may not have. */
async function multiScale(convention) {
  const values = [];
  for await (const { lr, hr } of pairsOf(await openSource(folder), scale)) {
    const sr = resizeBicubic(lr, { width: hr.width, height: hr.height });
    try {
      values.push(msSsim(sr, hr, { convention, scale }));
    } catch {
      return '-';
    }
  }
  return (values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(4);
}

console.log('| method | convention | PSNR dB | SSIM | MS-SSIM |');
console.log('| --- | --- | --- | --- | --- |');
for (const convention of conventionNames) {
  const { psnr, ssim } = evaluate('bicubic', convention);
  const row = ['`bicubic`', `\`${convention}\``, psnr.toFixed(4), ssim.toFixed(4), await multiScale(convention)];
  console.log(`| ${row.join(' | ')} |`);
}
for (const convention of conventionNames) {
  if (conventions[convention].colour === 'rgb') continue;
  const { psnr, ssim } = evaluate('bicubic-y', convention);
  console.log(`| \`bicubic-y\` | \`${convention}\` | ${psnr.toFixed(4)} | ${ssim.toFixed(4)} | - |`);
}
