/**
 * A training run in a folder that resumes: `run.json` (what was asked for), `log.jsonl` (a line a step), `checkpoint.safetensors` (everything needed to go
 * on with the same bits) and, at the end, `model.safetensors`; see the README for what options add.
 */
import { join } from 'node:path';
import { isOutOfMemory } from '@fqsr/backends';
import {
  batchesFrom,
  degradeSource,
  openPatchStream,
  type PatchStream,
  type Skipped,
  type Source,
} from '@fqsr/datasets';
import {
  adversaryStart,
  buildGraph,
  type Checkpoint,
  foldBatchNorm,
  graphOf,
  initParams,
  modelByName,
  type Params,
  parseCheckpoint,
  scheduleByName,
  serializeCheckpoint,
  startState,
} from '@fqsr/sr-models';
import { type BackendRequest, openBackend } from './backend.js';
import { openData } from './data.js';
import { asUsage, CliError, UsageError } from './errors.js';
import { assertWritable, readIfThere, writeWhole } from './files.js';
import type { Io } from './io.js';
import { openRunLogs } from './logs/run-logs.js';
import type { LogLine, ValidationLine } from './logs/sink.js';
import { type ReadOptions, readModelFile } from './networks.js';
import { resolvePlan } from './plan-option.js';
import { madeHere } from './report/provenance.js';
import { openAids } from './training/aids.js';
import type { RunConfig } from './training/config.js';
import { createLearner } from './training/learner.js';
import { openThreads } from './training/threads.js';
import { openValidation } from './training/validation.js';

export type { LogLine } from './logs/sink.js';
export type { RunConfig } from './training/config.js';

/** What a run is computed with; no part of it. */
export interface Compute {
  /** Another one goes on from the same checkpoint, with other last bits. */
  readonly backend?: BackendRequest | undefined;
  /** At most so many threads; any number gives the same bits. */
  readonly threads?: number | undefined;
  /** The module of the other threads, where it is not the built one. */
  readonly worker?: URL;
}

/** A finished run. */
export interface FinishedRun {
  readonly config: RunConfig;
  readonly checkpoint: Checkpoint;
  readonly modelPath: string;
  readonly log: readonly LogLine[];
  readonly validations: readonly ValidationLine[];
  /** Step that this call went on from. */
  readonly resumedFrom: number;
}

const runVersion = 1;
const names = {
  run: 'run.json',
  checkpoint: 'checkpoint.safetensors',
  model: 'model.safetensors',
  averaged: 'model-ema.safetensors',
};

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
  say,
}: {
  model?: string | undefined;
  scale?: number | undefined;
  init?: string | undefined;
  plan?: string | undefined;
  /** Takes a line on what a file of another program was recognised as. */
  say?: ReadOptions['say'];
}): Promise<Pick<RunConfig, 'model' | 'plan' | 'init'> & Partial<Pick<RunConfig, 'warmupSteps'>>> {
  const quantPlan = plan === undefined ? null : await resolvePlan(plan);
  if (init === undefined) {
    if (model === undefined) throw new UsageError('--model: must be given, or --init (for example --model edsr-f16b4)');
    return { model: asUsage('--model', () => modelByName(model, scale ?? 2)), plan: quantPlan, init: null };
  }
  const asked =
    model !== undefined && scale !== undefined ? asUsage('--model', () => modelByName(model, scale)) : undefined;
  const start = await readCheckpoint(init, { say, model: asked });
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
 * @throws CliError when stopped; the folder resumes
 */
export async function train(
  folder: string,
  config: RunConfig,
  io: Io,
  stop?: AbortSignal,
  { backend, ...threading }: Compute = {},
): Promise<FinishedRun> {
  const at = (name: keyof typeof names) => join(folder, names[name]);
  const source = await openImages(config, io);
  await assertWritable(at('checkpoint'));
  await openBackend(backend, io);
  const saved = await readSaved(at('checkpoint'), config);
  const start = saved ?? (await freshCheckpoint(config));
  const resumedFrom = start.training?.optimizer.steps ?? 0;
  const graph = graphOf(config);
  const logs = await openRunLogs(folder, resumedFrom, config);
  const validation = await openValidation(folder, config, logs, io);
  const aids = await openAids(config, graph, io.say);
  const pool = await openThreads(config, graph, aids.context, io, threading);
  const learner = createLearner(graph, start, config, aids.context, pool);
  const { scale } = graph;
  const { patchSize, batchSize, seed, patchesPerImage, onBroken = 'skip', degradation } = config;
  const drawn = { scale, patchSize, batchSize, seed, patchesPerImage, onBroken, degradation };
  const stream = await openPatchStream(config.data, drawn);
  // Once there is something to train on, so that a run that cannot begin leaves its folder free.
  await firstBatch(stream, resumedFrom, io);
  if (!saved) {
    const run = { format: 'fqsr-run', version: runVersion, made: await madeHere(), config };
    await writeWhole(at('run'), `${JSON.stringify(run, null, 2)}\n`);
  }
  if (resumedFrom > 0) io.say(`resuming ${folder} at step ${resumedFrom} of ${config.steps}`);
  const progress = io.progress(`train ${graph.name}`, config.steps, 'steps', resumedFrom);
  const saveAt = async (step: number) => {
    const { params, training } = learner.state();
    const { model, plan } = config;
    const checkpoint = { model, plan, params, training, run: { step, seed, cursor: step } };
    await writeWhole(at('checkpoint'), serializeCheckpoint(checkpoint));
  };
  try {
    let step = resumedFrom;
    for await (const batch of batchesFrom(stream, step)) {
      if (step >= config.steps) break;
      const learningRate = learningRateAt(step, config);
      const loss = await learner.step(batch, learningRate).catch((error) => explain(error, step, config));
      step++;
      await logs.step({ step, loss, learningRate, ...severalTerms(learner.terms()) });
      if (validation?.isDue(step) && !learner.warmingUp()) {
        await validation.measure(step, learner.averaged() ?? learner.params());
      }
      progress.update(step, note(logs));
      const last = step === config.steps;
      if (last || stop?.aborted || step % config.checkpointEvery === 0) await saveAt(step);
      if (stop?.aborted && !last) {
        throw new CliError(`stopped at step ${step} of ${config.steps}, saved (fqsr train -o ${folder} goes on)`);
      }
    }
    const run = { ...config, source: source.name, images: source.count };
    const { model, plan } = config;
    const checkpoint: Checkpoint = { model, plan, params: learner.params(), training: null, run };
    await writeWhole(at('model'), serializeCheckpoint(checkpoint));
    const averaged = learner.averaged();
    if (averaged) await writeWhole(at('averaged'), serializeCheckpoint({ ...checkpoint, params: averaged }));
    const { steps: log, validations } = logs;
    return { config, checkpoint, modelPath: at('model'), log, validations, resumedFrom };
  } finally {
    progress.stop();
    learner.dispose();
    pool?.dispose();
    aids.dispose();
    stream.dispose();
    sayAll(stream.skipped(), io);
  }
}

/** The images of a run. @throws DatasetError when they cannot be opened, or bring a low resolution of their own where it is to be degraded */
async function openImages({ data, degradation, seed }: RunConfig, io: Io): Promise<Source> {
  const source = await openData(data, io);
  return degradation ? degradeSource(source, { recipe: degradation, seed }) : source;
}

/** Waits for the first batch; where there is none, ends the stream and says what was wrong with the images. */
async function firstBatch(stream: PatchStream, cursor: number, io: Io): Promise<void> {
  try {
    await stream.batch(cursor);
  } catch (error) {
    sayAll(stream.skipped(), io);
    stream.dispose();
    throw error;
  }
}

function sayAll(skipped: readonly Skipped[], io: Io): void {
  for (const { name, reason } of skipped) io.say(`skipped ${name}: ${reason}`);
}

/** Linear ramp, times the schedule. */
export function learningRateAt(step: number, config: RunConfig): number {
  const { learningRate, rampSteps, schedule } = config;
  const ramp = rampSteps > 0 ? Math.min(1, (step + 1) / rampSteps) : 1;
  return learningRate * ramp * scheduleByName(schedule).factor(step, config);
}

async function freshCheckpoint(config: RunConfig): Promise<Checkpoint> {
  const { model, plan, seed } = config;
  const { params, ...state } = startState(graphOf(config), await startParams(config), config.optimizer);
  const discriminator = { side: config.patchSize * model.config.scale, features: config.discriminatorFeatures };
  const adversary = config.adversarial === null ? null : adversaryStart(discriminator, seed, config.optimizer);
  return { model, plan, params, training: { ...state, adversary }, run: {} };
}

/** Random parameters, or those of the checkpoint to start from; batch normalisation is folded before a network is quantized. */
async function startParams({ model, plan, init, seed }: RunConfig): Promise<Params> {
  const float = buildGraph(model);
  const start = init === null ? null : await readCheckpoint(init, { model });
  const params = start?.params ?? initParams(float, seed);
  return plan && !start?.plan ? foldBatchNorm(float, params).params : params;
}

/** Says what to lower where memory ran out. @throws the error, or a CliError in its place */
function explain(error: unknown, step: number, { batchSize, patchSize }: RunConfig): never {
  if (!isOutOfMemory(error)) throw error;
  const sizes = `--batch-size, now ${batchSize}, or --patch-size, now ${patchSize}`;
  throw new CliError(`out of memory at step ${step}: lower ${sizes} (${(error as Error).message})`, { cause: error });
}

/** The terms of an objective, where there are several. */
function severalTerms(terms: Readonly<Record<string, number>>): Pick<LogLine, 'terms'> {
  return Object.keys(terms).length > 1 ? { terms } : {};
}

/** The checkpoint of an interrupted run. @throws CliError when it is damaged or of another network */
async function readSaved(path: string, { model, plan, adversarial }: RunConfig): Promise<Checkpoint | null> {
  const bytes = await readIfThere(path);
  if (bytes === null) return null;
  let saved: Checkpoint;
  try {
    saved = parseCheckpoint(bytes);
  } catch (cause) {
    throw new CliError(`${path}: ${(cause as Error).message}`, { cause });
  }
  const same = JSON.stringify([saved.model, saved.plan]) === JSON.stringify([model, plan]);
  if (same && saved.training && (saved.training.adversary !== null) === (adversarial !== null)) return saved;
  throw new CliError(`${path} must belong to the run in its folder (choose another folder, or remove this one)`);
}

async function readCheckpoint(path: string, options: ReadOptions): Promise<Checkpoint> {
  const file = await readModelFile(path, '--init', options);
  if (file.kind === 'checkpoint') return file.checkpoint;
  throw new CliError(`--init: ${path} must be a checkpoint, got an integer model (give a model.safetensors)`);
}

/** The mean of the last losses, the last validation, and the learning rate. */
function note({ steps, validations }: { steps: readonly LogLine[]; validations: readonly ValidationLine[] }): string {
  const recent = steps.slice(-50);
  const loss = recent.reduce((sum, line) => sum + line.loss, 0) / recent.length;
  const last = validations.at(-1);
  const rate = steps.at(-1)?.learningRate ?? 0;
  return `loss ${loss.toPrecision(4)}${last ? `, ${last.psnr.toFixed(2)} dB at ${last.step}` : ''}, rate ${rate.toPrecision(2)}`;
}
