/**
 * SSIM of a pair of 1920x1080 grey images, with the time, beside `ssim.js` and `image-ssim`:
 * `node packages/metrics/bench/peers.mjs` after a build.
 */
import imageSsim from 'image-ssim';
import ssimJs from 'ssim.js';
import { msSsim, ssim } from '../dist/index.js';

const WIDTH = 1920;
const HEIGHT = 1080;

/** A scene of waves and edges, and the same with noise of +-6 from a hash. */
function grey(noise) {
  return Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
    const x = i % WIDTH;
    const y = Math.floor(i / WIDTH);
    const edge = (x >> 6) % 2 === (y >> 5) % 2 ? 40 : 0;
    const hash = (Math.imul(i ^ (i >>> 11), 2654435761) >>> 24) / 128 - 1;
    return Math.round(100 + edge + 30 * Math.sin(x / 17) + 20 * Math.cos(y / 11) + noise * hash);
  });
}

const one = (data) => ({ width: WIDTH, height: HEIGHT, channels: 1, data });
const three = (data) => ({
  ...one(data),
  channels: 3,
  data: Uint8Array.from({ length: data.length * 3 }, (_, i) => data[Math.floor(i / 3)]),
});
const rgba = (data) => {
  const out = new Uint8ClampedArray(data.length * 4).fill(255);
  for (let i = 0; i < out.length; i++) if (i % 4 < 3) out[i] = data[i >> 2];
  return { width: WIDTH, height: HEIGHT, data: out };
};

const [a, b] = [grey(6), grey(0)];
const options = { convention: 'rgb', scale: 1 };
const luma = { convention: 'edsr-benchmark', scale: 4 };
const [a1, b1, a3, b3, a4, b4] = [one(a), one(b), three(a), three(b), rgba(a), rgba(b)];
const original = { ssim: 'original', downsample: false };

const rows = [
  ['ssim of @fqsr/metrics', () => ssim(a1, b1, options)],
  ['ssim of @fqsr/metrics, RGB by edsr-benchmark', () => ssim(a3, b3, luma)],
  ['msSsim of @fqsr/metrics', () => msSsim(a1, b1, options)],
  ["ssim.js, ssim: 'original', downsample: false", () => ssimJs.ssim(a4, b4, original).mssim],
  ['ssim.js, defaults', () => ssimJs.ssim(a4, b4).mssim],
  ['image-ssim, defaults', () => imageSsim.compare(a1, b1).ssim],
];

console.log(`node ${process.version}, ${WIDTH}x${HEIGHT}, one thread, median of 5`);
for (const [name, run] of rows) {
  const value = run();
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  }).sort((x, y) => x - y);
  console.log(`${name.padEnd(46)} ${value.toFixed(9)} ${times[2].toFixed(0).padStart(5)} ms`);
}
