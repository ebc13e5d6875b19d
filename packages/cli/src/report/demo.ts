/** The demo's report: what was trained, how well it does, what it looks like, and the proof that nothing is float. */
import type { DemoResults } from '../commands/demo.js';
import type { CropRow } from '../demo/compare.js';
import { dataUri } from '../demo/crops.js';
import { quantity } from '../table.js';
import type { FinishedRun } from '../training.js';
import { escapeHtml, htmlTable, page, raw } from './html.js';
import { chartAssets, lossChart } from './loss-chart.js';

/** Methods in the order of the crops, with their captions. */
const methods = [
  ['original', 'original'],
  ['bicubic', 'bicubic'],
  ['float', 'float'],
  ['fake-quantized', 'fake-quantized'],
  ['integer', 'integer'],
] as const;

/** The report as one HTML file. */
export async function demoReport(
  results: DemoResults,
  crops: readonly CropRow[],
  runs: readonly FinishedRun[],
): Promise<string> {
  const assets = await chartAssets();
  const chart = lossChart(
    runs.map(({ config, log }) => ({
      label: config.plan?.name ?? 'float',
      steps: log.map(({ step }) => step),
      losses: log.map(({ loss }) => loss),
    })),
    results.short ? 5 : 20,
  );
  return page({
    title: results.model,
    lead: `A super-resolution network in which every layer and every skip is a low-bit integer, trained from nothing on ${escapeHtml(results.data.training)} and measured on ${results.data.photos} photographs. Convention <code>${escapeHtml(results.data.convention)}</code>.`,
    styles: assets.styles,
    scripts: `<script>${assets.script}</script>\n<script>${chart.script}</script>`,
    sections: [
      { heading: 'Results', html: resultsTable(results) + checkList(results) },
      {
        heading: 'The same detail, five times',
        html: (await Promise.all(crops.map((row) => cropRow(row, results)))).join('\n'),
      },
      { heading: 'Training', html: `${chart.html}<p class="note">${trainingNote(results)}</p>` },
      { heading: 'Every photograph', html: photoTable(results) },
      { heading: 'Audit: the grid of every tensor', html: auditSection(results) },
      { heading: 'Integers against the graph', html: agreementSection(results) },
    ],
  });
}

function resultsTable({ table, bitOpsFormula }: DemoResults): string {
  const rows = table.map(({ method, psnr, ssim, bytes, bitOpsPerMegapixel }) => [
    method,
    psnr.toFixed(2),
    ssim.toFixed(4),
    bytes === null ? '' : quantity(bytes, 'B'),
    bitOpsPerMegapixel === null ? '' : quantity(bitOpsPerMegapixel, ''),
  ]);
  return `${htmlTable(['method', 'PSNR dB', 'SSIM', 'model', 'BitOPs per megapixel'], rows, [1, 2, 3, 4])}<p class="note">Integer: the exported file, run without any float. BitOPs for a megapixel of output: ${escapeHtml(bitOpsFormula)}.</p>`;
}

function checkList({ checks, agreement, short }: DemoResults): string {
  const { image } = agreement;
  const item = (ok: boolean, text: string) => `<li class="${ok ? 'yes' : 'no'}">${escapeHtml(text)}</li>`;
  return `<ul class="checks">${[
    item(checks.fullyQuantized, 'No float tensor between the 8-bit input image and the 8-bit output image'),
    item(
      checks.integersAgreeWithGraph,
      `Integers equal the graph: ${image.different} of ${image.samples} samples differ, by at most ${image.largest} level`,
    ),
    item(
      checks.beatsBicubicOnEveryPhoto,
      `Better than bicubic on every photograph${short ? ' (a short demo need not be)' : ''}`,
    ),
  ].join('')}</ul>`;
}

async function cropRow({ name, images }: CropRow, { perPhoto }: DemoResults): Promise<string> {
  const photo = perPhoto.find((entry) => entry.name === name);
  const psnr: Readonly<Record<string, number | undefined>> = {
    bicubic: photo?.bicubic,
    float: photo?.float,
    'fake-quantized': photo?.fakeQuantized,
    integer: photo?.integer,
  };
  const figures = methods.map(async ([key, caption]) => {
    const image = images[key];
    const value = psnr[key];
    const figure = value === undefined ? escapeHtml(name) : `${value.toFixed(2)} dB`;
    return `<figure><img src="${image ? await dataUri(image) : ''}" alt="${escapeHtml(`${name}, ${caption}`)}" loading="lazy"><figcaption><b>${caption}</b> ${figure}</figcaption></figure>`;
  });
  return `<div class="crops">${(await Promise.all(figures)).join('')}</div>`;
}

function trainingNote({ steps, seed }: DemoResults): string {
  return `${steps.float} steps in float, then ${steps.quantized} with fake quantization (its first steps watch the ranges in float), seed ${seed}. Each point is a mean; the axis ends at three times the lowest.`;
}

function photoTable({ perPhoto }: DemoResults): string {
  const rows = perPhoto.map(({ name, bicubic, float, fakeQuantized, integer }) => [
    name,
    bicubic.toFixed(2),
    float.toFixed(2),
    fakeQuantized.toFixed(2),
    integer.toFixed(2),
    raw(`${integer >= bicubic ? '+' : ''}${(integer - bicubic).toFixed(2)}`),
  ]);
  return htmlTable(
    ['photograph', 'bicubic dB', 'float', 'fake-quantized', 'integer', 'integer - bicubic'],
    rows,
    [1, 2, 3, 4, 5],
  );
}

function auditSection({ audit }: DemoResults): string {
  const rows = audit.rows.map(({ tensor, role, grid, bits, size }) => [tensor, role, grid, String(bits), String(size)]);
  const verdict = audit.fullyQuantized ? 'No float tensor.' : `Float: ${escapeHtml(audit.floats.join(', '))}.`;
  return `<p class="note">Read from the exported file. ${verdict} Values: parameters, or activations for one low-resolution pixel.</p><details open><summary>${audit.rows.length} tensors</summary>${htmlTable(['tensor', 'role', 'grid', 'bits', 'values'], rows, [3, 4])}</details>`;
}

function agreementSection({ agreement }: DemoResults): string {
  const { layers, tolerance } = agreement;
  const rows = layers.map(({ tensor, samples, different, largest }) => [
    tensor,
    String(samples),
    String(different),
    String(largest),
  ]);
  return `<p class="note">Levels of every stored tensor, integer runtime against fake-quantized graph, on the middle of each photograph. Allowed: ${tolerance.levels} level on ${tolerance.share * 100} % of the samples.</p><details><summary>${layers.length} tensors</summary>${htmlTable(['tensor', 'samples', 'different', 'levels apart'], rows, [1, 2, 3])}</details>`;
}
