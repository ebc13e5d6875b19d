/** Training runs side by side: tables, curves, samples, costs and where it all comes from. */
import { buildGraph, foldGraph, lossName, quantizeGraph } from '@fqsr/sr-models';
import { compareCosts, costMetrics, percent } from '../cost-comparison.js';
import type { LogLine } from '../logs/sink.js';
import { quantity } from '../table.js';
import { clipSection } from './clips.js';
import { costSection, costTable } from './costs.js';
import { escapeHtml, htmlTable, page } from './html.js';
import { facts, hash, type Made } from './provenance.js';
import type { RunFolder } from './run-folder.js';
import { sampleSection } from './samples.js';
import { lineChart, type Series, smoothed } from './svg.js';

/** Low-resolution pixels that costs are given for. */
const COST_SIDE = 128;
/** Steps whose mean is the last loss. */
const LAST = 50;

/** The report as one HTML file. @param made what writes it */
export async function runReport(runs: readonly RunFolder[], made: Made): Promise<string> {
  const [first] = runs;
  const clips = (await Promise.all(runs.map(clipSection))).filter((html) => html !== '');
  const samples = (await Promise.all(runs.map(sampleSection))).filter((html) => html !== '');
  const title = runs.length === 1 ? `Training run ${first?.name ?? ''}` : `${runs.length} training runs`;
  const names = runs.map(({ name, config }) => `${name} (${config.model.name} x${config.model.config.scale})`);
  return page({
    title,
    lead: escapeHtml(names.join(', ')),
    sections: [
      { heading: 'Runs', html: runTable(runs) },
      { heading: 'Loss', html: lossSection(runs) },
      ...validationSections(runs),
      ...(samples.length > 0 ? [{ heading: 'Samples, where they differ most', html: samples.join('\n') }] : []),
      ...(clips.length > 0 ? [{ heading: 'Clip values by layer', html: clips.join('\n') }] : []),
      { heading: 'Cost', html: costs(runs) },
      { heading: 'Provenance', html: provenance(runs, made) },
    ],
  });
}

function runTable(runs: readonly RunFolder[]): string {
  const rows = runs.map(({ name, config, log, validations }) => {
    const best = bestOf(validations);
    const last = validations.at(-1);
    return [
      name,
      `${config.model.name} x${config.model.config.scale}`,
      config.plan?.name ?? 'float',
      `${log.at(-1)?.step ?? 0} of ${config.steps}`,
      lossName(config.loss),
      log.length > 0 ? mean(log.slice(-LAST).map(({ loss }) => loss)).toPrecision(4) : '-',
      last ? last.psnr.toFixed(2) : '-',
      last ? last.ssim.toFixed(4) : '-',
      best ? `${best.psnr.toFixed(2)} at ${best.step}` : '-',
    ];
  });
  const head = ['run', 'network', 'plan', 'steps', 'objective', 'last loss', 'PSNR dB', 'SSIM', 'best PSNR'];
  const note = `Last loss: the mean of the last ${LAST} steps. PSNR and SSIM: convention edsr-benchmark, of the last validation.`;
  return `${htmlTable(head, rows, [3, 5, 6, 7, 8])}<p class="note">${note}</p>`;
}

function lossSection(runs: readonly RunFolder[]): string {
  const curves = (of: (line: LogLine) => number) =>
    smoothed(runs.map(({ name, log }) => ({ name, points: log.map((line) => [line.step, of(line)]) })));
  const drawn = curves(({ loss }) => loss);
  if (drawn.every(({ points }) => points.length === 0)) return '<p class="note">No step is logged yet.</p>';
  // The first steps would flatten the rest.
  const later = drawn.flatMap(({ points }) => points.filter((_, i) => i >= points.length / 10).map(([, y]) => y));
  const ceiling = Math.max(...later);
  const objectives = new Set(runs.map(({ config }) => lossName(config.loss)));
  const caution = objectives.size > 1 ? ' The runs have different objectives: their losses do not compare.' : '';
  const loss = lineChart({ title: 'Loss', xLabel: 'step', yLabel: 'loss', series: drawn, ceiling });
  const rate = lineChart({
    title: 'Learning rate',
    xLabel: 'step',
    yLabel: 'learning rate',
    series: curves(({ learningRate }) => learningRate),
    format: (value) => value.toPrecision(2),
  });
  return `${loss}<p class="note">Each point is a mean over steps; what the first tenth has above all later ones is drawn at the top.${caution}</p><h3>Learning rate</h3>${rate}`;
}

function validationSections(runs: readonly RunFolder[]): readonly { heading: string; html: string }[] {
  const validated = runs.filter(({ validations }) => validations.length > 0);
  if (validated.length === 0) return [];
  const series = (of: 'psnr' | 'ssim'): readonly Series[] =>
    validated.map(({ name, validations }) => ({ name, points: validations.map((line) => [line.step, line[of]]) }));
  const shared = { xLabel: 'step', dots: true };
  const psnr = lineChart({
    ...shared,
    title: 'PSNR',
    yLabel: 'PSNR, dB',
    series: series('psnr'),
    format: (y) => y.toFixed(2),
  });
  const ssim = lineChart({
    ...shared,
    title: 'SSIM',
    yLabel: 'SSIM',
    series: series('ssim'),
    format: (y) => y.toFixed(4),
  });
  const sources = new Set(validated.map(({ config }) => config.validate));
  const caution =
    sources.size > 1
      ? '<p class="note">The runs were validated on different images: their figures do not compare.</p>'
      : '';
  return [{ heading: 'Validation', html: `${psnr}${ssim}${caution}` }];
}

/** What each network costs, once for each that differs. */
function costs(runs: readonly RunFolder[]): string {
  const different = new Map(runs.map(({ config }) => [JSON.stringify([config.model, config.plan]), config]));
  const pixels = COST_SIDE ** 2;
  return [...different.values()]
    .map(({ model, plan }) => {
      const float = buildGraph(model);
      const title = `<h3>${escapeHtml(`${model.name} x${model.config.scale}, ${plan?.name ?? 'float'}`)}</h3>`;
      if (!plan) return title + costTable(float) + costSection(float);
      const columns = compareCosts(float, plan);
      const whole = columns[0];
      const rows = costMetrics.map(({ label, unit, of }) => [
        label,
        ...columns.map(({ cost }) => {
          const value = of(cost, pixels);
          const ofFloat = whole ? of(whole.cost, pixels) : value;
          return `${quantity(value, unit)} (${percent(ofFloat === 0 ? 1 : value / ofFloat)})`;
        }),
      ]);
      const head = [`for ${COST_SIDE} x ${COST_SIDE}`, ...columns.map(({ label }) => label)];
      const table = htmlTable(head, rows, head.map((_, i) => i).slice(1));
      return `${title}${table}${costSection(quantizeGraph(foldGraph(float), plan))}`;
    })
    .join('\n');
}

function provenance(runs: readonly RunFolder[], made: Made): string {
  const each = runs.map(({ name, path, config, made: begun, modelHash }) => {
    const { validate, data, seed, init, vggSha256, degradation } = config;
    const table = facts([
      ['folder', path],
      ['fqsr', begun ? `${begun.fqsr}, Node ${begun.node}` : 'not recorded'],
      ['commit', hash(begun?.commit ?? null) ?? 'not recorded'],
      ['data', data],
      ['low resolution', degradation ? 'by a degradation, see the config' : "bicubic, or the data's own"],
      ['validation', validate === null ? null : `${validate}, convention edsr-benchmark`],
      ['seed', String(seed)],
      ['from', init],
      ['SHA-256 of VGG19', hash(vggSha256)],
      ['SHA-256 of model.safetensors', hash(modelHash)],
    ]);
    const shown = escapeHtml(JSON.stringify(config, null, 2));
    return `<h3>${escapeHtml(name)}</h3>${table}<details><summary>Config of ${escapeHtml(name)}</summary><pre tabindex="0">${shown}</pre></details>`;
  });
  const own = facts([
    ['fqsr', `${made.fqsr}, Node ${made.node}`],
    ['commit', hash(made.commit)],
  ]);
  return `${each.join('\n')}<h3>This report</h3>${own}`;
}

function bestOf(validations: RunFolder['validations']): RunFolder['validations'][number] | undefined {
  return validations.reduce<RunFolder['validations'][number] | undefined>(
    (best, line) => (best && best.psnr >= line.psnr ? best : line),
    undefined,
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
