/** What a run's sample images show: the part that is most wrong, or where there is no original, the part that changed most. */
import { join } from 'node:path';
import { type Image, openSource, readImage, resizeBicubic } from '@fqsr/datasets';
import { cut } from '../demo/crops.js';
import { fileName } from '../training/validation.js';
import { cropFigures, cropRow, mostDifferent } from './differences.js';
import { escapeHtml } from './html.js';
import type { RunFolder } from './run-folder.js';

/** Side of a crop, in high-resolution pixels. */
export const CROP = 96;
/** Images of a run. */
const MOST = 3;

/** Crops of a run's samples; nothing where it has none. */
export async function sampleSection(run: RunFolder): Promise<string> {
  const [first, last] = [run.samples[0], run.samples.at(-1)];
  if (!first || !last) return '';
  const originals = await originalsOf(run);
  const rows: string[] = [];
  for (const file of last.names.slice(0, MOST)) {
    const made = await readImage(join(last.folder, file));
    const early = first !== last && first.names.includes(file) ? await readImage(join(first.folder, file)) : null;
    rows.push(await sampleRow(file.replace(/\.png$/, ''), made, early, originals.get(file), first.step, last.step));
  }
  const missing = originals.size === 0 ? ' The validation images are not to be had here: no originals.' : '';
  return `<h3>${escapeHtml(run.name)}</h3>${rows.join('\n')}${missing && `<p class="note">${missing}</p>`}`;
}

async function sampleRow(
  name: string,
  made: Image,
  early: Image | null,
  original: { readonly hr: Image; readonly lr: Image } | undefined,
  firstStep: number,
  lastStep: number,
): Promise<string> {
  const before = early ? ([[`step ${firstStep}`, early]] as const) : [];
  const now = [`step ${lastStep}`, made] as const;
  if (original && original.hr.width === made.width && original.hr.height === made.height) {
    const { hr, lr } = original;
    const cubic = resizeBicubic(lr, { width: hr.width, height: hr.height });
    const { window } = mostDifferent(made, hr, CROP);
    return cropRow(name, window, [['original', hr], ['bicubic', cubic], ...before, now]);
  }
  const { window } = mostDifferent(made, early ?? made, CROP);
  const figures = [...before, now].map(([caption, image]) => ({ caption, note: name, image: cut(image, window) }));
  return cropFigures(name, figures);
}

/** The pairs of the validation images, by file name; none where they cannot be opened any more. */
async function originalsOf({ config, samples }: RunFolder): Promise<ReadonlyMap<string, { hr: Image; lr: Image }>> {
  const pairs = new Map<string, { hr: Image; lr: Image }>();
  if (config.validate === null) return pairs;
  try {
    const source = await openSource(config.validate);
    const wanted = samples.at(-1)?.names.slice(0, MOST) ?? [];
    for (let i = 0; i < Math.min(source.count, config.samples); i++) {
      const file = `${fileName(source.nameOf(i))}.png`;
      if (wanted.includes(file)) pairs.set(file, await source.pair(i, config.model.config.scale));
    }
  } catch {
    // A report of a run from elsewhere goes without them.
  }
  return pairs;
}
