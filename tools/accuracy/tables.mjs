/**
 * Writes the tables of `docs/accuracy.md` from the run records beside it: `node tools/accuracy/tables.mjs`; with `--check` it exits 1 when the page is not what the records say.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { records, root, sets } from './records.mjs';

const page = join(root, 'docs/accuracy.md');
const db = (value) => value.toFixed(2);
const signed = (value) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
const row = (cells) => `| ${cells.join(' | ')} |`;
const head = (cells) => [row(cells), row(cells.map(() => '---'))];

const floats = records('float');

/** PSNR, SSIM, and what is lost to float, on each set. */
function postTraining() {
  const lines = head(['network', 'plan', ...sets, 'bytes', 'BitOPs a pixel']);
  for (const [name, { figures }] of floats) {
    const cells = sets.map((set) => (figures[set] ? `${db(figures[set].psnr)} / ${figures[set].ssim.toFixed(4)}` : ''));
    lines.push(row([`\`${name}\``, 'float', ...cells, '', '']));
    for (const record of records('post-training').values()) {
      if (record.network !== name) continue;
      const own = sets.map((set) => {
        const { psnr, ssim } = record.figures[set];
        return `${db(psnr)} / ${ssim.toFixed(4)} (${signed(psnr - figures[set].psnr)})`;
      });
      const cost = [`${(record.modelBytes / 1e6).toFixed(2)} MB`, `${(record.bitOpsPerPixel / 1e6).toFixed(1)} M`];
      lines.push(row(['', `\`${record.plan}\``, ...own, ...cost]));
    }
  }
  return lines.join('\n');
}

/** What each figure was made with. */
function provenance() {
  const lines = head(['record', 'options of `fqsr quantize`', 'commit', 'start', 'calibrated on', 'differing samples']);
  for (const [name, record] of records('post-training')) {
    const short = ({ name: file, sha256 }) => `${file} (\`${sha256.slice(0, 8)}\`)`;
    const differing = `${record.different} of ${record.compared}`;
    const cells = [`\`${record.options}\``, `\`${record.commit}\``, short(record.start), short(record.calibrated)];
    lines.push(row([`\`${name}\``, ...cells, differing]));
  }
  return lines.join('\n');
}

function data() {
  const lines = head(['set', 'images', 'SHA-256 of names and files']);
  const [figures] = [...floats.values()].map((record) => record.figures);
  for (const set of sets) lines.push(row([set, figures[set].images, `\`${figures[set].sha256.slice(0, 16)}\``]));
  return lines.join('\n');
}

const tables = { 'post-training': postTraining, provenance, data };
const before = readFileSync(page, 'utf8');
const after = Object.entries(tables).reduce((text, [name, make]) => {
  const [start, end] = [`<!-- ${name} -->\n`, `<!-- end ${name} -->`];
  const from = text.indexOf(start) + start.length;
  return `${text.slice(0, from)}\n${make()}\n\n${text.slice(text.indexOf(end))}`;
}, before);
if (process.argv.includes('--check')) process.exitCode = after === before ? 0 : 1;
else writeFileSync(page, after);
