/** An evaluation as one HTML file: figures, the worst parts of images, costs and where it all comes from. */

import type { MetricName } from '@fqsr/metrics';
import type { Graph } from '@fqsr/sr-models';
import type { Evaluation } from '../evaluate.js';
import { figureColumns } from '../figures.js';
import { costSection, costTable } from './costs.js';
import { cropFigures, errorMap, FULL } from './differences.js';
import type { Collected, WorstPart } from './eval-collector.js';
import { escapeHtml, htmlTable, page } from './html.js';
import { facts, hash, type Made } from './provenance.js';
import { barTable } from './svg.js';

/** Bars of images, the worst; the table has all. */
const BARS = 24;

/** What a report shows. */
export interface EvalReport {
  readonly evaluation: Evaluation;
  readonly metrics: readonly MetricName[];
  readonly collected: Collected;
  /** The network; `null` of a method. */
  readonly graph: Graph | null;
  /** The model's file and its SHA-256. */
  readonly model: { readonly path: string; readonly sha256: string | null } | null;
  readonly made: Made;
}

/** The report as one HTML file. */
export async function evalReport(report: EvalReport): Promise<string> {
  const { evaluation, graph, collected } = report;
  const { model, dataset, scale, images, convention, arithmetic, protocol } = evaluation;
  const crops = await Promise.all(collected.worst.map((part) => worstRow(part, arithmetic)));
  return page({
    title: `${model} x${scale} on ${dataset}`,
    lead: `${escapeHtml(arithmetic)}, ${images} images, convention <code>${escapeHtml(convention)}</code>: ${escapeHtml(protocol)}.`,
    sections: [
      { heading: 'Result', html: resultTable(report) },
      { heading: 'Every image', html: imageSection(report) },
      ...(crops.length > 0 ? [{ heading: 'Where it differs most', html: `${crops.join('\n')}${worstNote}` }] : []),
      ...(graph ? [{ heading: 'Cost', html: costTable(graph) + costSection(graph) }] : []),
      { heading: 'Provenance', html: provenance(report) },
    ],
  });
}

const worstNote = `<p class="note">Of each image the window with the largest mean squared difference of luma, the worst first. Error maps go from black, none, to white, ${FULL} levels of luma and more.</p>`;

function resultTable({ evaluation, metrics, collected }: EvalReport): string {
  const { heads, cells } = figureColumns(metrics);
  const cubic = mean([...collected.bicubic.values()]);
  const head = ['images', ...heads, 'bicubic PSNR dB', 'gain dB'];
  const row = [String(evaluation.images), ...cells(evaluation), cubic.toFixed(2), signed(evaluation.psnr - cubic)];
  const columns = head.map((_, i) => i);
  const left =
    evaluation.skipped.length > 0 ? ` Left out: ${evaluation.skipped.map(({ name }) => name).join(', ')}.` : '';
  const note = `Means over the images. Bicubic is of the low-resolution RGB image.${escapeHtml(left)}`;
  return `${htmlTable(head, [row], columns)}<p class="note">${note}</p>`;
}

function imageSection({ evaluation, metrics, collected }: EvalReport): string {
  const { heads, cells } = figureColumns(metrics);
  const gainOf = (name: string, psnr: number) => psnr - (collected.bicubic.get(name) ?? Number.NaN);
  const bars = evaluation.perImage
    .toSorted((a, b) => a.psnr - b.psnr)
    .slice(0, BARS)
    .map(({ name, psnr }) => ({ name, value: psnr, text: `${psnr.toFixed(2)} dB (${signed(gainOf(name, psnr))})` }));
  const rows = evaluation.perImage.map(({ name, ...figures }) => [
    name,
    ...cells(figures),
    (collected.bicubic.get(name) ?? Number.NaN).toFixed(2),
    signed(gainOf(name, figures.psnr)),
  ]);
  const head = ['image', ...heads, 'bicubic PSNR dB', 'gain dB'];
  const table = htmlTable(head, rows, head.map((_, i) => i).slice(1));
  const which = evaluation.images > BARS ? `The ${BARS} with the lowest PSNR` : 'By PSNR, the lowest first';
  return `<p class="note">${which}; in brackets what is gained over bicubic.</p>${barTable(['image', 'PSNR'], bars)}<details><summary>All ${evaluation.images} images</summary>${table}</details>`;
}

function worstRow(
  { name, window, error, original, bicubic, made, map }: WorstPart,
  arithmetic: string,
): Promise<string> {
  return cropFigures(name, [
    { caption: 'original', note: `${name}, at ${window.x}, ${window.y}`, image: original },
    { caption: 'bicubic', note: '', image: bicubic },
    {
      caption: arithmetic,
      note: `off by ${Math.sqrt(error).toFixed(1)} levels (RMS)`,
      image: made,
    },
    { caption: 'error map', note: 'of the window', image: errorMap(made, original) },
    { caption: 'error map', note: 'of the image', image: map },
  ]);
}

function provenance({ evaluation, collected, model, made }: EvalReport): string {
  return facts([
    ['model', model?.path ?? evaluation.model],
    ['SHA-256 of the model', hash(model?.sha256 ?? null)],
    ['data', evaluation.dataset],
    ['SHA-256 of the data', hash(collected.checksum)],
    ['convention', evaluation.convention],
    ['protocol', evaluation.protocol],
    ['fqsr', `${made.fqsr}, Node ${made.node}`],
    ['commit', hash(made.commit)],
  ]);
}

function signed(value: number): string {
  return `${value >= 0 ? '+' : ''}${value.toFixed(2)}`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
