/** A run's folder, as `fqsr train` leaves it or is filling it, read and not touched. */
import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { CliError, UsageError } from '../errors.js';
import { readIfThere } from '../files.js';
import type { LogLine, ValidationLine } from '../logs/sink.js';
import { type RunConfig, readRun } from '../training.js';
import { type Made, sha256Of } from './provenance.js';

/** What a folder holds. */
export interface RunFolder {
  readonly path: string;
  /** Its last part; the whole path where several runs share it. */
  readonly name: string;
  readonly config: RunConfig;
  /** What began it; `null` of runs that did not say. */
  readonly made: Made | null;
  readonly log: readonly LogLine[];
  readonly validations: readonly ValidationLine[];
  /** SHA-256 of the trained network; `null` while there is none. */
  readonly modelHash: string | null;
  /** Steps with sample images, and the names of these. */
  readonly samples: readonly { readonly step: number; readonly folder: string; readonly names: readonly string[] }[];
}

/** Reads run folders. @throws UsageError for a folder without a run; CliError for one that is damaged */
export async function readRunFolders(paths: readonly string[]): Promise<readonly RunFolder[]> {
  const names = paths.map((path) => basename(resolve(path)));
  return Promise.all(
    paths.map(async (path, i) => {
      const name = names[i] as string;
      return readRunFolder(path, names.filter((other) => other === name).length > 1 ? path : name);
    }),
  );
}

async function readRunFolder(path: string, name: string): Promise<RunFolder> {
  const config = await readRun(path);
  if (config === null) {
    throw new UsageError(`run: ${path} must be a folder that fqsr train wrote, got none (give the folder of run.json)`);
  }
  const { made = null } = JSON.parse(
    new TextDecoder().decode((await readIfThere(join(path, 'run.json'))) ?? undefined),
  ) as {
    made?: Made;
  };
  return {
    path,
    name,
    config,
    made,
    log: await linesOf<LogLine>(join(path, 'log.jsonl')),
    validations: await linesOf<ValidationLine>(join(path, 'validation.jsonl')),
    modelHash: await sha256Of(join(path, 'model.safetensors')),
    samples: await samplesOf(join(path, 'samples')),
  };
}

/** Whole lines; the last one may be being written. @throws CliError naming a line that is no JSON */
async function linesOf<Line>(path: string): Promise<readonly Line[]> {
  const text = new TextDecoder().decode((await readIfThere(path)) ?? undefined);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line, i) => {
      try {
        return JSON.parse(line) as Line;
      } catch (cause) {
        throw new CliError(`${path}: line ${i + 1} must be JSON (restore the file)`, { cause });
      }
    });
}

async function samplesOf(folder: string): Promise<RunFolder['samples']> {
  const found: RunFolder['samples'][number][] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const step = Number(/^step-(\d+)$/.exec(name)?.[1]);
    if (!Number.isInteger(step)) continue;
    const files = (await readdir(join(folder, name))).filter((file) => file.endsWith('.png')).toSorted();
    if (files.length > 0) found.push({ step, folder: join(folder, name), names: files });
  }
  return found.toSorted((a, b) => a.step - b.step);
}
