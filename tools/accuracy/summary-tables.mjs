/** The tables that put our figures side by side: those of the README, and low bits beside what is published. */
import { db, head, row, signed } from './markdown.mjs';
import { published, float as publishedFloat } from './published.mjs';
import { records, sets } from './records.mjs';

/** PSNR, and what is lost to float. */
const lost = (psnr, float) => `${db(psnr)} (${signed(psnr - float, 2)})`;

/** `w4a4s8-channel` as people write it. */
const spell = (plan) => plan.replace('-channel', '').toUpperCase();
/** From most bits to least. */
const byBits = (a, b) => b.plan.localeCompare(a.plan);
const size = (bytes) => (bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(2)} MB`);

/** The network of the zoo with the highest PSNR on Set5 at a scale. */
function bestOf(scale) {
  const floats = [...records('zoo').values()].filter(
    ({ plan, network }) => plan === 'float' && network.endsWith(scale),
  );
  return floats.reduce((a, b) => (a.figures.Set5.psnr > b.figures.Set5.psnr ? a : b));
}

/** EDSR-baseline and the best of the zoo, in float and in integers. */
export function resultsTable() {
  const lines = head(['network', 'numbers', ...sets, 'weights']);
  const block = (title, float, integers) => {
    lines.push(row([title, 'float', ...sets.map((set) => db(float[set].psnr)), '']));
    for (const { plan, how, figures, modelBytes } of integers.toSorted(byBits)) {
      const own = sets.map((set) => lost(figures[set].psnr, float[set].psnr));
      lines.push(row(['', `${spell(plan)}, ${how}`, ...own, size(modelBytes)]));
    }
  };
  const shared = ['post-training', 'quantization-aware'].flatMap((how) =>
    [...records(how).values()].map((record) => ({ ...record, how })),
  );
  for (const scale of ['x2', 'x4']) {
    const name = `edsr_baseline_${scale}`;
    const own = shared.filter(({ network }) => network === name);
    block(`EDSR-baseline ${scale}`, records('float').get(name).figures, own);
  }
  for (const scale of ['x2', 'x4']) {
    const { network, figures } = bestOf(scale);
    const own = [...records('zoo').values()].filter((record) => record.network === network && record.plan !== 'float');
    const how = ({ tuned }) => (tuned ? 'quantization-aware' : 'post-training');
    const made = own.map((record) => ({ ...record, how: how(record) }));
    block(`\`${network}\` of the zoo`, figures, made);
  }
  return lines.join('\n');
}

/** Our low bits, everything quantized, beside published ones, whose residual blocks alone are. */
export function publishedTable() {
  const names = Object.keys(publishedFloat);
  const lines = head(['bits', 'method', 'in float', ...names]);
  const cells = (psnr, float) => names.map((set) => (psnr[set] ? lost(psnr[set], float[set]) : ''));
  const own = Object.fromEntries(names.map((set) => [set, records('float').get('edsr_baseline_x4').figures[set].psnr]));
  for (const bits of [4, 3, 2]) {
    for (const { method, psnr } of published.filter((each) => each.bits === bits)) {
      lines.push(row([bits, method, 'head, tail', ...cells(psnr, publishedFloat)]));
    }
    const { figures } = records('quantization-aware').get(`edsr_baseline_x4-w${bits}a${bits}s8`);
    const psnr = Object.fromEntries(names.map((set) => [set, figures[set].psnr]));
    lines.push(row([`**${bits}**`, '**this project**', '**nothing**', ...cells(psnr, own)]));
  }
  return lines.join('\n');
}
