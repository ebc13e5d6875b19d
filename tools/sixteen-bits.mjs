/**
 * What an 8-bit network makes of 16-bit images: `npm run build && npx fqsr demo && node tools/sixteen-bits.mjs --model demo-out/model.fqsr`.
 * PSNR over 16 bits of three ways to treat the lower bits, on the embedded photographs at half their size (whose 16 bits come from their 8 by averaging) and on a slow gradient:
 * left away; as `fqsr upscale` does, what rounding left is enlarged and added, `257 network(q) + bicubic(x - 257 q)`; and bicubic's own rounding added too, `257 network(q) + bicubic(x) - 257
 * round(bicubic(q))`, whose smooth parts are bicubic's.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { encodeRows, enlargeRows, openImageFile, openSource, resizeBicubicPlane } from '@fqsr/datasets';
import { load } from '@fqsr/runtime';

const { values } = parseArgs({ options: { model: { type: 'string' } } });
if (!values.model) throw new Error('[tools] sixteen-bits: --model must be given, got none (demo-out/model.fqsr)');
const fqsr = fileURLToPath(new URL('../packages/cli/bin/fqsr.js', import.meta.url));
const upscaler = await load(await readFile(values.model));
const { scale } = upscaler.model;
const STEP = 257;
const BORDER = scale;

const deep = (data) => Uint16Array.from(data, (value) => Math.min(65535, Math.max(0, Math.floor(value + 0.5))));

/** RGB of planes in float. */
function interleaved(planes, width, height) {
  const data = new Uint16Array(width * height * 3);
  for (const [c, plane] of planes.entries()) {
    const samples = deep(plane);
    for (let i = 0; i < samples.length; i++) data[3 * i + c] = samples[i];
  }
  return { width, height, data };
}

function planesOf({ width, height, data }) {
  return [0, 1, 2].map((c) => ({
    width,
    height,
    data: Float64Array.from({ length: width * height }, (_, i) => data[3 * i + c]),
  }));
}

function resized(image, width, height) {
  const planes = planesOf(image).map((plane) => resizeBicubicPlane(plane, { width, height }).data);
  return interleaved(planes, width, height);
}

async function* images() {
  const photos = await openSource('photos');
  for (let i = 0; i < photos.count; i++) {
    const { width, height, data } = await photos.hr(i);
    const full = { width, height, data: Uint16Array.from(data, (value) => value * STEP) };
    const side = (length) => Math.floor(length / 2 / scale) * scale;
    yield { name: photos.nameOf(i), hr: resized(full, side(width), side(height)) };
  }
  const [width, height] = [480, 480];
  const sky = (c) =>
    Float64Array.from(
      { length: width * height },
      (_, i) => 20000 + c * 3000 + 9 * (i % width) + 5 * Math.floor(i / width),
    );
  yield { name: 'gradient', hr: interleaved([0, 1, 2].map(sky), width, height) };
}

/** By the command itself. */
async function byCommand(folder, { width, height, data }) {
  const [from, to] = [join(folder, 'in.png'), join(folder, 'out.png')];
  const target = { width, height, bitDepth: 16, path: from };
  await writeFile(from, encodeRows([{ data }].values(), target));
  execFileSync(process.execPath, [fqsr, 'upscale', from, '-o', to, '--model', values.model], { stdio: 'ignore' });
  const file = await openImageFile(to, { scratch: folder });
  const all = new Uint16Array(file.width * file.height * 3);
  let at = 0;
  for await (const chunk of file.rows()) {
    all.set(chunk, at);
    at += chunk.length;
  }
  await file.dispose();
  return all;
}

async function collected(rows) {
  const all = [];
  for await (const chunk of rows) for (const value of chunk) all.push(value);
  return all;
}

/** All that 8 bits leave of bicubic's 16. */
async function withRounding({ width, height, data }, eight, network) {
  const shape = { width, height, channels: 3, scale };
  const [fine, coarse] = await Promise.all([data, eight].map((samples) => collected(enlargeRows([samples], shape))));
  return deep(Float64Array.from(network, (value, i) => STEP * value + fine[i] - STEP * coarse[i]));
}

function psnr(made, { width, height, data }) {
  let [sum, count] = [0, 0];
  for (let y = BORDER; y < height - BORDER; y++) {
    for (let i = (y * width + BORDER) * 3; i < (y * width + width - BORDER) * 3; i++) {
      sum += (made[i] - data[i]) ** 2;
      count++;
    }
  }
  return 10 * Math.log10((65535 ** 2 * count) / sum);
}

const folder = await mkdtemp(join(tmpdir(), 'fqsr-sixteen-'));
try {
  const rows = [];
  for await (const { name, hr } of images()) {
    const lr = resized(hr, hr.width / scale, hr.height / scale);
    const eight = Uint8Array.from(lr.data, (value) => Math.floor(value / STEP + 0.5));
    const { data: network } = await upscaler.upscale({ ...lr, channels: 3, data: eight });
    const left = Uint16Array.from(network, (value) => STEP * value);
    const ways = [left, await byCommand(folder, lr), await withRounding(lr, eight, network)];
    rows.push([name, ...ways.map((made) => psnr(made, hr))]);
  }
  const photos = rows.slice(0, -1);
  const means = [1, 2, 3].map((i) => photos.reduce((sum, row) => sum + row[i], 0) / photos.length);
  console.log(
    `${upscaler.model.name}, PSNR over 16 bits, dB: left away, as fqsr upscale does, with bicubic's rounding too`,
  );
  for (const [name, ...figures] of [...rows, [`mean of ${photos.length} photographs`, ...means]]) {
    console.log(`${name}: ${figures.map((figure) => figure.toFixed(3)).join(', ')}`);
  }
} finally {
  upscaler.dispose();
  await rm(folder, { recursive: true });
}
