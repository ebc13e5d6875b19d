/** A page with the costs of a network as bars, drawn by uPlot, whose script is put into the page. */
import { bitOpsFormula } from '@fqsr/sr-models';
import { type CostColumn, costMetrics, percent } from '../cost-comparison.js';
import { quantity } from '../table.js';
import { escapeHtml, htmlTable, page } from './html.js';
import { chartAssets } from './loss-chart.js';

/** The comparison as one HTML file: bars of each cost as a share of float's, and the figures. */
export async function costReport(
  name: string,
  columns: readonly CostColumn[],
  input: string,
  pixels: number,
): Promise<string> {
  const { styles, script } = await chartAssets();
  const [float] = columns;
  const shares = columns.map((column) =>
    costMetrics.map(({ of }) => (100 * of(column.cost, pixels)) / (float ? of(float.cost, pixels) : 1)),
  );
  const payload = JSON.stringify({
    shares,
    labels: columns.map(({ label }) => label),
    metrics: costMetrics.map(({ label }) => label),
  });
  const rows = costMetrics.map(({ label, of, unit }) => [
    label,
    ...columns.flatMap((column, i) => {
      const value = of(column.cost, pixels);
      const share = float && i > 0 ? [percent(value / of(float.cost, pixels))] : [];
      return [quantity(value, unit), ...share];
    }),
  ]);
  const head = ['cost', ...columns.flatMap(({ label }, i) => (i > 0 ? [label, 'of float'] : [label]))];
  const left = columns.filter(({ fullyQuantized }) => !fullyQuantized).map(({ label }) => label);
  return page({
    title: `What ${name} costs`,
    lead: `For a low-resolution image of ${escapeHtml(input)}. Float tensors are left in ${escapeHtml(left.join(' and '))}.`,
    styles,
    scripts: `<script>${script}</script>\n<script>${draw(payload.replace(/</g, '\\u003c'))}</script>`,
    sections: [
      {
        heading: 'Share of the float network',
        html: '<div id="costs" role="img" aria-label="costs as a share of the float network, by kind"></div>',
      },
      {
        heading: 'Figures',
        html: `${htmlTable(head, rows, head.map((_, i) => i).slice(1))}<p class="note">BitOPs = ${escapeHtml(bitOpsFormula)}</p>`,
      },
    ],
  });
}

const draw = (payload: string) => `
(() => {
  const { shares, labels, metrics } = ${payload};
  const host = document.getElementById('costs');
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const [ink, line] = [colour('--soft'), colour('--line')];
  const fills = [ink, colour('--accent'), colour('--good')];
  // One group of bars for each cost, a gap between groups.
  const group = labels.length + 1;
  const x = metrics.flatMap((_, m) => labels.map((_, s) => m * group + s));
  const series = labels.map((_, own) => metrics.flatMap((_, m) => labels.map((_, s) => (s === own ? shares[s][m] : null))));
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  const centres = metrics.map((_, m) => m * group + (labels.length - 1) / 2);
  const size = () => ({ width: host.clientWidth, height: 340 });
  const text = (value) => (value >= 99.95 ? '100' : value.toPrecision(2)) + ' %';
  const onDraw = (u) => {
    u.ctx.save();
    u.ctx.fillStyle = ink;
    u.ctx.textAlign = 'center';
    u.ctx.font = 11 * devicePixelRatio + 'px system-ui, sans-serif';
    for (const values of series) {
      for (const [i, value] of values.entries()) {
        if (value !== null) u.ctx.fillText(text(value), u.valToPos(x[i], 'x', true), u.valToPos(value, 'y', true) - 5 * devicePixelRatio);
      }
    }
    u.ctx.restore();
  };
  const chart = new uPlot({
    ...size(),
    scales: { x: { time: false, range: [-1, metrics.length * group - 1] }, y: { range: [0, 110] } },
    axes: [
      { ...axis, grid: { show: false }, splits: () => centres, values: () => metrics },
      { ...axis, label: '% of float', labelSize: 18 },
    ],
    cursor: { show: false },
    legend: { live: false },
    series: [{ label: 'cost' }, ...labels.map((label, s) => ({ label, fill: fills[s % 3], stroke: fills[s % 3], width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.9, 100] }) }))],
    hooks: { draw: [onDraw] },
  }, [x, ...series], host);
  addEventListener('resize', () => chart.setSize(size()));
})();`;
