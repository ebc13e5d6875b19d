/** The table and the plot of `ablation.mjs`, from its records. */
import { colours, dots, svg } from '../svg-chart.mjs';

/** Rows, in the order of the page: name of the method, bits of the skips, words. */
const rows = [
  ['dorefa', '8', 'DoReFa'],
  ['pact', '8', 'PACT, weights by DoReFa'],
  ['lsq', '8', 'LSQ'],
  ['pams', '8', 'PAMS'],
  ['fqsr-cold', '8', 'FQSR, without both'],
  ['fqsr-warm', '8', 'FQSR, warm-up calibration'],
  ['fqsr-cold-aware', '8', 'FQSR, quantization-aware loss'],
  ['fqsr', '8', 'FQSR, both'],
  ['fqsr', '4', 'FQSR, both, skips of 4 bits'],
  ['fqsr', 'float', 'FQSR, both, skips in float'],
  ['fqsr-mse', '8', 'FQSR, started from least squared error'],
  ['lsq-log', '8', 'lsq-log, plain'],
  ['ours', '8', 'ours'],
  ['ours', '4', 'ours, skips of 4 bits'],
  ['ours', 'float', 'ours, skips in float'],
];
const widths = ['w4a4', 'w2a2'];
const shown = ['Set5', 'Set14'];

const recordOf = (records, method, width, skips) => records.get(`${method}-${width}-skips-${skips}`);

/** PSNR, SSIM, and what is lost to the float network. */
export function tableOfAblation(records, float) {
  const heads = widths.flatMap((width) => shown.map((set) => `${width.toUpperCase()}, ${set}`));
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const lines = [line(['method', ...heads]), line(['---', ...heads.map(() => '---')])];
  for (const [method, skips, words] of rows) {
    const cells = widths.flatMap((width) => {
      const record = recordOf(records, method, width, skips);
      return shown.map((set) => {
        if (!record) return '';
        const { psnr, ssim } = record.figures[set];
        return `${psnr.toFixed(2)} / ${ssim.toFixed(4)} (−${(float[set].psnr - psnr).toFixed(2)})`;
      });
    });
    lines.push(line([words, ...cells]));
  }
  return lines.join('\n');
}

/** Set5, a panel for each width. */
export function drawAblation(records, float) {
  const panels = widths.map((width, i) => {
    const own = rows.flatMap(([method, skips, name]) => {
      const record = recordOf(records, method, width, skips);
      const colour = colours[method === 'ours' ? 2 : method.startsWith('fqsr') ? 1 : 0];
      return record ? [{ name, value: record.figures.Set5.psnr, colour }] : [];
    });
    const values = own.map(({ value }) => value);
    const xs = [Math.floor(Math.min(...values)), Math.ceil(Math.max(...values))];
    const xTicks = Array.from({ length: xs[1] - xs[0] + 1 }, (_, at) => xs[0] + at);
    return dots(
      { x: 210, y: 40 + i * (18 * rows.length + 80), width: 420 },
      {
        title: `${width.toUpperCase()}: Set5 x2, PSNR in dB; the float network has ${float.Set5.psnr.toFixed(2)}`,
        ...{ xs, xTicks, rows: own, format: (value) => value.toFixed(2), xLabel: 'dB' },
      },
    );
  });
  return svg(700, 2 * (18 * rows.length + 80) + 10, panels, 'What each method of training reaches under one budget');
}
