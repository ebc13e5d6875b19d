/**
 * The surrogate gradient of every estimator as a curve, from its own `gradient` function: writes `docs/quantizers/surrogates.svg`. After a build:
 * `node tools/surrogate-curves.mjs`
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { clamp, levelRange, nearestLevel, stes } from '../packages/quant-core/dist/index.js';
import { chart, colours, legend, svg } from './svg-chart.mjs';

const range = levelRange({ bits: 2, signed: true, grid: 'midtread', narrow: false });
const [from, to] = [range.qmin - 1.25, range.qmax + 1.25];
const r = Array.from({ length: 441 }, (_, i) => from + ((to - from) * i) / 440);
/** Numbers that show what an estimator's default hides. */
const shown = { ewgs: { delta: 1 } };

await tf.setBackend('cpu');

/** `dr / dq` at every `r`, for gradients `dq` of one sign. */
function slope(ste, dq) {
  return tf.tidy(() => {
    const level = tf.tensor1d(r.map((value) => nearestLevel(clamp(value, range.qmin, range.qmax), range.spacing)));
    const options = { ...ste.options, ...shown[ste.name] };
    const dr = ste.gradient(tf.fill([r.length], dq), tf.tensor1d(r), { range, options, level });
    return Array.from(dr.dataSync(), (value) => value / dq);
  });
}

/** Points of a curve, interrupted where it jumps. */
function curve(values, colour, dashed) {
  const points = values.flatMap((value, i) => {
    if (value === values[i - 1] && value === values[i + 1]) return [];
    const jumps = i > 0 && Math.abs(value - values[i - 1]) > 0.12;
    return jumps ? [null, [r[i], value]] : [[r[i], value]];
  });
  return { points, colour, dashed };
}

const size = { width: 230, height: 110 };
const jumps = Array.from({ length: range.qmax - range.qmin }, (_, i) => range.qmin + i + 0.5);
const panels = Object.values(stes).map((ste, i) => {
  const place = { ...size, x: 40 + (i % 3) * 280, y: 40 + Math.floor(i / 3) * 170 };
  const [up, down] = [slope(ste, 1), slope(ste, -1)];
  const differ = up.some((value, k) => Math.abs(value - down[k]) > 1e-6);
  const numbers = Object.entries({ ...ste.options, ...shown[ste.name] }).map(([name, value]) => `${name} ${value}`);
  return chart(place, {
    title: [ste.name, ...numbers].join(', '),
    xs: [from, to],
    ys: [0, 2.1],
    xTicks: [-3, -2, -1, 0, 1, 2],
    yTicks: [0, 1, 2],
    verticals: jumps,
    lines: [curve(up, colours[0], false), ...(differ ? [curve(down, colours[1], true)] : [])],
    xLabel: i === 7 ? 'value in steps, r' : '',
  });
});
const key = legend(40, 552, [
  { name: 'dr / dq where dq > 0', colour: colours[0] },
  { name: 'where dq < 0, if that differs', colour: colours[1], dashed: true },
]);
const title = 'Surrogate gradients on the levels -2, -1, 0, 1; faint lines mark where the rounding jumps';

const folder = fileURLToPath(new URL('../docs/quantizers/', import.meta.url));
mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}surrogates.svg`, svg(860, 580, [...panels, key], title));
console.log(`docs/quantizers/surrogates.svg: ${Object.keys(stes).join(', ')}`);
