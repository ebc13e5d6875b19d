/**
 * A training run in a folder that resumes: `run.json` (what was asked for), `log.jsonl` (a line a step), `checkpoint.safetensors` (everything needed to go
 * on with the same bits) and, at the end, `model.safetensors`.
 */
import { appendFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  batchesFrom,
  type DegradationRecipe,
  degradeSource,
  type OnBroken,
  openPatchStream,
  type Source,
} from '@fqsr/datasets';
import { planFromPreset, type QuantPlan } from '@fqsr/quant-core/spec';
import {
  buildGraph,
  type Checkpoint,
  graphOf,
  initParams,
  type ModelRef,
  modelByName,
  type Params,
  parseCheckpoint,
  serializeCheckpoint,
  startState,
  Trainer,
  type TrainerOptions,
} from '@fqsr/sr-models';
import { type BackendRequest, openBackend } from './backend.js';
import { openData } from './data.js';
import { asUsage, CliError, UsageError } from './errors.js';
import { assertWritable, writeWhole } from './files.js';
import type { Io } from './io.js';
import { readModelFile } from './networks.js';

/** Everything that decides a run, resolved: the same config gives the same bits. */
export interface RunConfig extends TrainerOptions {
  readonly model: ModelRef;
  readonly plan: QuantPlan | null;
  /** Path of the checkpoint that the run started from. */
  readonly init: string | null;
  readonly data: string;
  /** How the low resolution is made; by bicubic, or by the source's own files, when left out. The recipe itself, whatever becomes of its file. */
  readonly degradation?: DegradationRecipe;
  readonly steps: number;
  readonly seed: number;
  readonly batchSize: number;
  /** Side of a low-resolution patch. */
  readonly patchSize: number;
  readonly patchesPerImage: number;
  /** What happens at a broken image; a run that does not say so skips it. */
  readonly onBroken?: OnBroken;
  /** Peak learning rate; a linear ramp over {@link rampSteps}, then a cosine to 0. */
  readonly learningRate: number;
  readonly rampSteps: number;
  readonly checkpointEvery: number;
}

/** A line of the log. */
export interface LogLine {
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
}

/** A finished run. */
export interface FinishedRun {
  readonly config: RunConfig;
  readonly checkpoint: Checkpoint;
  readonly modelPath: string;
  readonly log: readonly LogLine[];
  /** Step that this call went on from. */
  readonly resumedFrom: number;
}

const runVersion = 1;
const names = { run: 'run.json', log: 'log.jsonl', checkpoint: 'checkpoint.safetensors', model: 'model.safetensors' };

/** The config of a run folder, or `null` when there is none yet. @throws CliError when it cannot be read */
export async function readRun(folder: string): Promise<RunConfig | null> {
  const path = join(folder, names.run);
  const bytes = await readIfThere(path);
  if (bytes === null) return null;
  try {
    const { format, version, config } = JSON.parse(new TextDecoder().decode(bytes)) as {
      format: string;
      version: number;
      config: RunConfig;
    };
    if (format === 'fqsr-run' && version === runVersion) return config;
  } catch {
    // Falls through: whatever is there is no run.
  }
  throw new CliError(`${path} must be a run of version ${runVersion} (choose another folder, or remove this one)`);
}

/** The model of a new run, from names and an optional checkpoint to start from. */
export async function resolveModel({
  model,
  scale,
  init,
  plan,
}: {
  model?: string | undefined;
  scale?: number | undefined;
  init?: string | undefined;
  plan?: string | undefined;
}): Promise<Pick<RunConfig, 'model' | 'plan' | 'init'> & Partial<Pick<RunConfig, 'warmupSteps'>>> {
  const quantPlan = plan === undefined ? null : asUsage('--plan', () => planFromPreset(plan));
  if (init === undefined) {
    if (model === undefined) throw new UsageError('--model: must be given, or --init (for example --model edsr-f16b4)');
    return { model: asUsage('--model', () => modelByName(model, scale ?? 2)), plan: quantPlan, init: null };
  }
  const start = await readCheckpoint(init);
  const { name, config } = start.model;
  if (model !== undefined && model !== name) {
    throw new UsageError(`--model: must be ${name}, as in ${init}, got ${model} (leave it out)`);
  }
  if (scale !== undefined && scale !== config.scale) {
    throw new UsageError(`--scale: must be ${config.scale}, as in ${init}, got ${scale} (leave it out)`);
  }
  if (start.plan && JSON.stringify(start.plan) !== JSON.stringify(quantPlan ?? start.plan)) {
    throw new UsageError(
      `--plan: must be ${start.plan.name}, as in ${init}, got ${plan} (start from a float checkpoint)`,
    );
  }
  // A quantized checkpoint has its steps: a warm-up would throw them away.
  return { model: start.model, plan: quantPlan ?? start.plan, init, ...(start.plan && { warmupSteps: 0 }) };
}

/**
 * Runs or resumes a training to its end.
 *
 * @param stop ends the run early, with a checkpoint, when it aborts
 * @param backend no part of the run: another one goes on from the same checkpoint, with other last bits
 * @throws CliError when stopped; the folder resumes
 */
export async function train(
  folder: string,
  config: RunConfig,
  io: Io,
  stop?: AbortSignal,
  backend?: BackendRequest,
): Promise<FinishedRun> {
  const at = (name: keyof typeof names) => join(folder, names[name]);
  const source = await openImages(config, io);
  await assertWritable(at('checkpoint'));
  await openBackend(backend, io);
  const saved = await readSaved(at('checkpoint'), config);
  const start = saved ?? (await freshCheckpoint(config));
  const log = await truncateLog(at('log'), start.training?.adam.steps ?? config.steps);
  if (!saved)
    await writeWhole(at('run'), `${JSON.stringify({ format: 'fqsr-run', version: runVersion, config }, null, 2)}\n`);
  const resumedFrom = start.training?.adam.steps ?? 0;
  if (resumedFrom > 0) io.say(`resuming ${folder} at step ${resumedFrom} of ${config.steps}`);

  const graph = graphOf(config);
  const { scale } = graph;
  const { patchSize, batchSize, seed, patchesPerImage, onBroken = 'skip', degradation } = config;
  const drawn = { scale, patchSize, batchSize, seed, patchesPerImage, onBroken, degradation };
  const stream = await openPatchStream(config.data, drawn);
  const trainer = new Trainer(graph, { params: start.params, ...nonNull(start.training) }, config);
  const progress = io.progress(`train ${graph.name}`, config.steps, 'steps', resumedFrom);
  const snapshot = (step: number): Checkpoint => {
    const { params, adam, observers } = trainer.state();
    return {
      model: config.model,
      plan: config.plan,
      params,
      training: { adam, observers },
      run: { step, seed, cursor: step },
    };
  };
  try {
    let step = resumedFrom;
    for await (const batch of batchesFrom(stream, step)) {
      if (step >= config.steps) break;
      const learningRate = learningRateAt(step, config);
      const loss = trainer.step(batch, learningRate);
      step++;
      const line: LogLine = { step, loss, learningRate };
      log.push(line);
      await appendFile(at('log'), `${JSON.stringify(line)}\n`);
      progress.update(step, `loss ${recentLoss(log).toFixed(3)}`);
      const last = step === config.steps;
      if (last || stop?.aborted || step % config.checkpointEvery === 0) {
        await writeWhole(at('checkpoint'), serializeCheckpoint(snapshot(step)));
      }
      if (stop?.aborted && !last) {
        throw new CliError(`stopped at step ${step} of ${config.steps}, saved (fqsr train -o ${folder} goes on)`);
      }
    }
    const { params } = trainer.state();
    const run = { ...config, source: source.name, images: source.count };
    const checkpoint: Checkpoint = { model: config.model, plan: config.plan, params, training: null, run };
    await writeWhole(at('model'), serializeCheckpoint(checkpoint));
    return { config, checkpoint, modelPath: at('model'), log, resumedFrom };
  } finally {
    progress.stop();
    trainer.dispose();
    stream.dispose();
    for (const { name, reason } of stream.skipped()) io.say(`skipped ${name}: ${reason}`);
  }
}

/** The images of a run. @throws DatasetError when they cannot be opened, or bring a low resolution of their own where it is to be degraded */
async function openImages({ data, degradation, seed }: RunConfig, io: Io): Promise<Source> {
  const source = await openData(data, io);
  return degradation ? degradeSource(source, { recipe: degradation, seed }) : source;
}

/** Linear ramp, then a cosine to 0. */
export function learningRateAt(
  step: number,
  { learningRate, rampSteps, steps }: Pick<RunConfig, 'learningRate' | 'rampSteps' | 'steps'>,
): number {
  const ramp = rampSteps > 0 ? Math.min(1, (step + 1) / rampSteps) : 1;
  return learningRate * ramp * 0.5 * (1 + Math.cos((Math.PI * step) / steps));
}

async function freshCheckpoint(config: RunConfig): Promise<Checkpoint> {
  const { model, plan } = config;
  let params: Params = initParams(buildGraph(model), config.seed);
  if (config.init !== null) params = (await readCheckpoint(config.init)).params;
  const { adam, observers, ...state } = startState(graphOf(config), params);
  return { model, plan, params: state.params, training: { adam, observers }, run: {} };
}

/** The checkpoint of an interrupted run. @throws CliError when it is damaged or of another network */
async function readSaved(path: string, { model, plan }: RunConfig): Promise<Checkpoint | null> {
  const bytes = await readIfThere(path);
  if (bytes === null) return null;
  let saved: Checkpoint;
  try {
    saved = parseCheckpoint(bytes);
  } catch (cause) {
    throw new CliError(`${path}: ${(cause as Error).message}`, { cause });
  }
  const same = JSON.stringify([saved.model, saved.plan]) === JSON.stringify([model, plan]);
  if (same && saved.training) return saved;
  throw new CliError(`${path} must belong to the run in its folder (choose another folder, or remove this one)`);
}

async function readCheckpoint(path: string): Promise<Checkpoint> {
  const file = await readModelFile(path, '--init');
  if (file.kind === 'checkpoint') return file.checkpoint;
  throw new CliError(`--init: ${path} must be a checkpoint, got an integer model (give a model.safetensors)`);
}

/** The bytes of a file of the run; `null` only where there is none: one that cannot be read must not start the run anew. */
async function readIfThere(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}

/** Keeps the log's lines up to a step: later ones were written after the checkpoint that the run resumes from. */
async function truncateLog(path: string, steps: number): Promise<LogLine[]> {
  const bytes = await readIfThere(path);
  if (bytes === null) return [];
  const lines = new TextDecoder().decode(bytes).split('\n').slice(0, steps).filter(Boolean);
  if (lines.length === 0) await rm(path, { force: true });
  else await writeWhole(path, `${lines.join('\n')}\n`);
  return lines.map((line) => JSON.parse(line) as LogLine);
}

function recentLoss(log: readonly LogLine[]): number {
  const recent = log.slice(-50);
  return recent.reduce((sum, { loss }) => sum + loss, 0) / recent.length;
}

function nonNull(training: Checkpoint['training']): NonNullable<Checkpoint['training']> {
  if (training) return training;
  throw new CliError('checkpoint must hold a training state (give the checkpoint of a run)');
}
