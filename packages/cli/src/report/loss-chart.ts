/** Loss curves, drawn by uPlot, whose script is put into the page. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** One run's losses by step. */
export interface LossCurve {
  readonly label: string;
  readonly steps: readonly number[];
  readonly losses: readonly number[];
}

/** Styles and scripts that a page with charts needs. */
export async function chartAssets(): Promise<{ readonly styles: string; readonly script: string }> {
  const folder = join(dirname(createRequire(import.meta.url).resolve('uplot/package.json')), 'dist');
  const [styles, script] = await Promise.all([
    readFile(join(folder, 'uPlot.min.css'), 'utf8'),
    readFile(join(folder, 'uPlot.iife.min.js'), 'utf8'),
  ]);
  return { styles, script };
}

/**
 * A chart of runs one after the other, each loss the mean over a window of `window` steps.
 *
 * @returns markup and the script that fills it, to be put after uPlot's own
 */
export function lossChart(
  curves: readonly LossCurve[],
  window: number,
): { readonly html: string; readonly script: string } {
  let offset = 0;
  const points: { x: number; values: (number | null)[] }[] = [];
  for (const [index, { steps, losses }] of curves.entries()) {
    for (let i = window; i <= losses.length; i += window) {
      const mean = losses.slice(i - window, i).reduce((sum, loss) => sum + loss, 0) / window;
      points.push({
        x: offset + (steps[i - 1] as number),
        values: curves.map((_, other) => (other === index ? mean : null)),
      });
    }
    offset += steps.at(-1) ?? 0;
  }
  // Wide first values would flatten the rest: the axis ends at three times the lowest.
  const lowest = Math.min(...points.flatMap(({ values }) => values.filter((value) => value !== null)));
  const data = [points.map(({ x }) => x), ...curves.map((_, i) => points.map(({ values }) => values[i] ?? null))];
  const payload = { data, labels: curves.map(({ label }) => label), range: [lowest * 0.9, lowest * 3] };
  return {
    html: '<div id="loss" role="img" aria-label="loss by step"></div>',
    script: draw(JSON.stringify(payload).replace(/</g, '\\u003c')),
  };
}

const draw = (payload: string) => `
(() => {
  const { data, labels, range } = ${payload};
  const host = document.getElementById('loss');
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue('--soft').trim();
  const line = style.getPropertyValue('--line').trim();
  const strokes = [style.getPropertyValue('--accent').trim(), style.getPropertyValue('--good').trim()];
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  const chart = new uPlot({
    width: host.clientWidth, height: 300,
    scales: { x: { time: false }, y: { range } },
    axes: [{ ...axis, label: 'step', labelSize: 18 }, { ...axis, label: 'L1, grey levels', labelSize: 18 }],
    series: [{ label: 'step' }, ...labels.map((label, i) => ({ label, stroke: strokes[i % 2], width: 2, value: (_, v) => v == null ? '-' : v.toFixed(3) }))],
  }, data, host);
  addEventListener('resize', () => chart.setSize({ width: host.clientWidth, height: 300 }));
})();`;
