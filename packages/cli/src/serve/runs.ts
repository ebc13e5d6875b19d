/** The pages of training runs: which there are, and each as it stands. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CliError } from '../errors.js';
import { escapeHtml, htmlTable, page, raw } from '../report/html.js';
import { madeHere } from '../report/provenance.js';
import { type RunFolder, readRunFolders } from '../report/run-folder.js';
import { runReport } from '../report/run-report.js';
import { readRun } from '../training.js';

/** Seconds between two looks at a training that goes on. */
const REFRESH_SECONDS = 10;

/** Folders below one, and itself, that hold a run: names from there, in order. */
export async function runNames(home: string): Promise<readonly string[]> {
  const entries = await readdir(home, { withFileTypes: true }).catch(() => []);
  const names = ['.', ...entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)];
  const found = await Promise.all(names.map(async (name) => ((await isRun(join(home, name))) ? name : null)));
  return found.filter((name) => name !== null).toSorted();
}

const isRun = (path: string): Promise<boolean> =>
  readRun(path).then(
    (run) => run !== null,
    () => false,
  );

/** The list as a page. */
export async function runList(home: string): Promise<string> {
  const names = await runNames(home);
  const runs = await readRunFolders(names.map((name) => join(home, name)));
  const rows = runs.map((run, i) => {
    const last = run.validations.at(-1);
    const link = `<a href="runs/${encodeURIComponent(names[i] as string)}">${escapeHtml(run.name)}</a>`;
    const { model, plan, steps } = run.config;
    const state = isDone(run) ? 'done' : `${run.log.at(-1)?.step ?? 0} of ${steps}`;
    return [
      raw(link),
      `${model.name} x${model.config.scale}`,
      plan?.name ?? 'float',
      state,
      last?.psnr.toFixed(2) ?? '-',
    ];
  });
  const table = htmlTable(['run', 'network', 'plan', 'steps', 'PSNR dB'], rows, [4]);
  const none = `<p class="note">No run in ${escapeHtml(home)}: fqsr serve --runs FOLDER looks elsewhere.</p>`;
  const html = rows.length > 0 ? table : none;
  return linked(page({ title: 'Training runs', lead: escapeHtml(home), sections: [{ heading: 'Runs', html }] }), './');
}

/** One run as a page, which looks again while it trains. @throws CliError for a name that is none */
export async function runPage(home: string, name: string): Promise<string> {
  const names = await runNames(home);
  if (!names.includes(name)) throw new CliError(`run: must be one of ${names.join(', ')}, got ${name}`);
  const runs = await readRunFolders([join(home, name)]);
  const html = linked(await runReport(runs, await madeHere()), '../runs');
  const refresh = `<meta http-equiv="refresh" content="${REFRESH_SECONDS}">`;
  return runs.every(isDone) ? html : html.replace('</title>', `</title>\n${refresh}`);
}

const isDone = ({ modelHash, log, config }: RunFolder): boolean =>
  modelHash !== null && (log.at(-1)?.step ?? 0) >= config.steps;

/** A page with a way back. */
const linked = (html: string, to: string): string =>
  html.replace('<main>', `<main>\n<p><a href="${to}">&larr; ${to === './' ? 'Upscale' : 'Training runs'}</a></p>`);

/** Where the built page lies. */
export const pageFolder = fileURLToPath(new URL('page/', import.meta.url));
