/** Charts as inline SVG: they need no script, print, follow the page's colours, and have their values in a table beside them. */
import { escapeHtml, htmlTable } from './html.js';

/** A line. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
}

/** What a chart says. */
export interface LineChart {
  /** What it shows, for those who do not see it. */
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  /** Highest value of the axis, where the first ones would flatten the rest. */
  readonly ceiling?: number | undefined;
  /** Marks every point. */
  readonly dots?: boolean;
  readonly format?: (value: number) => string;
}

/** Widths that charts are drawn at: for screens and paper, and for phones. */
const widths = { wide: 760, narrow: 340 } as const;
const HEIGHT = 260;
const MARGIN = { top: 28, right: 16, bottom: 42, left: 58 };
/** Colours that the page has for lines; further ones repeat them dashed. */
export const COLOURS = 6;
/** Values that a table lists of a line. */
const LISTED = 12;

/** Round steps that cut a range into about `count` parts. */
export function ticks(low: number, high: number, count: number): readonly number[] {
  const rough = (high - low) / count;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const all: number[] = [];
  for (let i = first; i * step <= high + step * 1e-9; i++) all.push(Number((i * step).toPrecision(12)));
  return all;
}

/** Lines over a number, as a figure with a legend and a table. */
export function lineChart(chart: LineChart): string {
  const { title, xLabel, yLabel, series, format = short } = chart;
  const drawn = Object.entries(widths).map(([kind, width]) => svgOf(chart, kind, width));
  const legend = series.map(({ name }, i) => `<li class="${lineClass(i)}">${escapeHtml(name)}</li>`).join('');
  const rows = series.flatMap(({ name, points }) =>
    sampled(points).map(([x, y]) => [name, String(x), format(y)] as const),
  );
  const values = htmlTable(['line', xLabel, yLabel], rows, [1, 2]);
  return `<figure class="chart">${drawn.join('')}<figcaption><ul class="legend">${legend}</ul></figcaption><details class="values"><summary>${escapeHtml(title)}: values</summary>${values}</details></figure>`;
}

function svgOf(chart: LineChart, kind: string, width: number): string {
  const { title, xLabel, yLabel, series, ceiling, dots = false, format = short } = chart;
  const all = series.flatMap(({ points }) => points);
  const [xs, ys] = [all.map(([x]) => x), all.map(([, y]) => y)];
  const [left, right] = range(xs);
  const [bottom, top] = padded(range(ys.map((y) => Math.min(y, ceiling ?? y))));
  const inner = { width: width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
  const atX = (x: number) => fixed(MARGIN.left + ((x - left) / (right - left)) * inner.width);
  const atY = (y: number) => fixed(MARGIN.top + (1 - (Math.min(y, top) - bottom) / (top - bottom)) * inner.height);
  const base = MARGIN.top + inner.height;
  const grid = ticks(bottom, top, 5).map(
    (y) =>
      `<path class="rule" d="M${MARGIN.left} ${atY(y)}h${inner.width}"/><text class="tick" x="${MARGIN.left - 8}" y="${atY(y) + 4}" text-anchor="end">${format(y)}</text>`,
  );
  const steps = ticks(left, right, kind === 'wide' ? 8 : 4).map(
    (x) => `<text class="tick" x="${atX(x)}" y="${base + 17}" text-anchor="middle">${short(x)}</text>`,
  );
  const lines = series.map(({ points }, i) => {
    const path = points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${atX(x)} ${atY(y)}`).join('');
    const marks = dots ? points.map(([x, y]) => `<circle cx="${atX(x)}" cy="${atY(y)}" r="3"/>`).join('') : '';
    return `<g class="line ${lineClass(i)}"><path d="${path}"/>${marks}</g>`;
  });
  const labels = `<text class="label" x="${MARGIN.left + inner.width / 2}" y="${HEIGHT - 6}" text-anchor="middle">${escapeHtml(xLabel)}</text><text class="label" x="0" y="13">${escapeHtml(yLabel)}</text>`;
  return `<svg class="${kind}" viewBox="0 0 ${width} ${HEIGHT}" role="img" aria-label="${escapeHtml(`${title}: ${spoken(series, format)}`)}">${grid.join('')}${steps.join('')}${labels}${lines.join('')}</svg>`;
}

/** A bar. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  /** Beside the bar. */
  readonly text: string;
  /** Which of the page's colours, from 0. */
  readonly colour?: number;
}

/** Horizontal bars, longest as wide as there is room: a table whose cells are drawn. @param unit head of the figures */
export function barTable(head: readonly [string, string], bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const rows = bars.map(
    ({ name, value, text, colour = 0 }) =>
      `<tr><th scope="row">${escapeHtml(name)}</th><td class="n">${escapeHtml(text)}</td><td class="bar" aria-hidden="true"><i class="${lineClass(colour)}" style="width:${fixed((100 * Math.max(0, value)) / most)}%"></i></td></tr>`,
  );
  return `<div class="scroll" tabindex="0"><table class="bars"><thead><tr><th scope="col">${escapeHtml(head[0])}</th><th scope="col" class="n">${escapeHtml(head[1])}</th><th aria-hidden="true"></th></tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`;
}

/** Points of a smoothed line, about, where it is the longest. */
const SMOOTHED = 120;

/** Lines by their means over windows, the same for all: the longest has at most 120 points. */
export function smoothed(series: readonly Series[], most = SMOOTHED): readonly Series[] {
  const window = Math.max(1, ...series.map(({ points }) => Math.ceil(points.length / most)));
  return series.map(({ name, points }) => ({
    name,
    // What is left over at the end is a mean of its own.
    points: Array.from({ length: Math.ceil(points.length / window) }, (_, i) => {
      const part = points.slice(i * window, (i + 1) * window);
      return [part.at(-1)?.[0] ?? 0, part.reduce((sum, [, y]) => sum + y, 0) / part.length] as const;
    }),
  }));
}

function lineClass(i: number): string {
  return `c${i % COLOURS}${i >= COLOURS ? ' dashed' : ''}`;
}

function sampled<Point>(points: readonly Point[]): readonly Point[] {
  const step = Math.max(1, (points.length - 1) / (LISTED - 1));
  const places = Array.from({ length: Math.min(points.length, LISTED) }, (_, i) => Math.round(i * step));
  return [...new Set(places)].map((i) => points[i] as Point);
}

function spoken(series: readonly Series[], format: (value: number) => string): string {
  return series
    .filter(({ points }) => points.length > 0)
    .map(({ name, points }) => {
      const ys = points.map(([, y]) => y);
      const [first, last] = [ys[0] as number, ys.at(-1) as number];
      return `${name} from ${format(first)} to ${format(last)}`;
    })
    .join('; ');
}

function range(values: readonly number[]): readonly [number, number] {
  const finite = values.filter(Number.isFinite);
  const low = finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (low > high) return [0, 1];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

function padded([low, high]: readonly [number, number]): readonly [number, number] {
  const room = (high - low) * 0.06;
  return [low - (low >= 0 && low - room < 0 ? low : room), high + room];
}

function short(value: number): string {
  if (Math.abs(value) >= 10_000) return `${Number((value / 1000).toPrecision(4))}k`;
  return String(Number(value.toPrecision(4)));
}

function fixed(value: number): number {
  return Number(value.toFixed(1));
}
