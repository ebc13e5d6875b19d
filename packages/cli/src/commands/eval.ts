import type { Source } from '@fqsr/datasets';
import { type ConventionName, conventionNames, metricNames, parseConvention } from '@fqsr/metrics';
import { graphOf, raise } from '@fqsr/sr-models';
import { z } from 'zod';
import { type BackendRequest, backendOption, openBackend } from '../backend.js';
import { defineCommand, text, whole } from '../command.js';
import { openData } from '../data.js';
import { asUsage, UsageError } from '../errors.js';
import { type EvaluateOptions, type Evaluation, evaluate, evaluateMethod } from '../evaluate.js';
import { defaultMetrics, figureColumns, parseMetrics } from '../figures.js';
import { assertWritable, writeWhole } from '../files.js';
import type { Io } from '../io.js';
import { checkConvention, type MethodName, methodNames, methods } from '../methods/registry.js';
import { loadNetwork, type Network, readModelFile } from '../networks.js';
import { openCollector } from '../report/eval-collector.js';
import { type EvalReport, evalReport } from '../report/eval-report.js';
import { madeHere, sha256Of } from '../report/provenance.js';
import { table } from '../table.js';

/** `fqsr eval`: PSNR, SSIM and other metrics of a model or of bicubic on a data set. */
export const evalCommand = defineCommand({
  arguments: [],
  example: 'fqsr eval --data photos --scale 2 --method bicubic --json',
  options: z.object({
    data: text({
      description: 'folder of images, benchmark folder, photos, dead-leaves[:COUNT], shards or their address',
      value: 'data',
    }),
    scale: whole({ description: "upscaling factor; by default the model's", value: 'n' }, 2, 4).optional(),
    model: text({
      description: 'checkpoint (ours or of PyTorch), .fqsr file, or name from fqsr zoo',
      value: 'file',
    }).optional(),
    method: z
      .enum(methodNames)
      .meta({ description: `measure this instead of a model: ${describeMethods()}`, value: 'name' })
      .optional(),
    convention: text({ description: `how to measure: ${conventionNames.join(', ')}`, value: 'name' }).default(
      'edsr-benchmark',
    ),
    metrics: text({
      description: `figures to print, of ${metricNames.join(', ')}; the first two are always in the JSON`,
      value: 'list',
    }).default(defaultMetrics),
    limit: whole({ description: 'measure only the first images', value: 'n' }, 1, 1e9).optional(),
    onBroken: z
      .enum(['skip', 'throw'])
      .default('throw')
      .meta({ description: 'what an image that cannot be read does', value: 'what' }),
    report: text({ description: 'write an HTML file too: figures, the worst parts, costs', value: 'file' }).optional(),
    backend: backendOption,
  }),
  run: async (_args, { data, scale, model, method, convention, metrics, limit, onBroken, report, backend }, io) => {
    const by = asUsage('--convention', () => parseConvention(convention));
    const asked = parseMetrics(metrics);
    const measured = choose(model, method, by);
    if (method !== undefined) refuseBackend(backend, 'a method');
    const source = await openData(data, io);
    if (report !== undefined) await assertWritable(report);
    const collector = report === undefined ? null : openCollector(by);
    const options = { convention: by, metrics: asked, limit, onBroken, onMeasured: collector?.onMeasured };
    const evaluation =
      'method' in measured
        ? await measureMethod(measured.method, scale, source, io, options)
        : await measureModel(measured.model, scale, source, io, { ...options, backend });
    if (report !== undefined && collector) {
      const parts = { evaluation, metrics: asked, collected: collector.collected() };
      await writeWhole(report, await evalReport({ ...parts, ...(await modelOf(model)), made: await madeHere() }));
    }
    const { heads, cells } = figureColumns(asked);
    const rows = [...evaluation.perImage, { ...evaluation, name: 'mean' }];
    return {
      json: evaluation,
      text: [
        `${evaluation.model} x${evaluation.scale} on ${evaluation.dataset}, convention ${by}`,
        evaluation.protocol,
        table(
          ['image', ...heads],
          rows.map(({ name, ...figures }) => [name, ...cells(figures)]),
        ),
        ...(report === undefined ? [] : [report]),
      ].join('\n'),
    };
  },
});

/** What a report says of the model. */
async function modelOf(path: string | undefined): Promise<Pick<EvalReport, 'graph' | 'model'>> {
  if (path === undefined) return { graph: null, model: null };
  const file = await readModelFile(path, '--model');
  const graph = file.kind === 'fqsr' ? raise(file.model) : graphOf(file.checkpoint);
  return { graph, model: { path, sha256: await sha256Of(path) } };
}

function describeMethods(): string {
  return methodNames.map((name) => `${name} (${methods[name].description})`).join(', ');
}

/** Exactly one of a model and a method. */
function choose(
  model: string | undefined,
  method: MethodName | undefined,
  convention: ConventionName,
): { readonly model: string } | { readonly method: MethodName } {
  if (model !== undefined && method === undefined) return { model };
  if (method === undefined || model !== undefined) {
    throw new UsageError('--model: exactly one of --model and --method must be given (for example --method bicubic)');
  }
  checkConvention(method, convention);
  return { method };
}

async function measureMethod(
  name: MethodName,
  scale: number | undefined,
  source: Source,
  io: Io,
  options: EvaluateOptions,
): Promise<Evaluation> {
  if (scale === undefined) throw new UsageError('--scale: must be given with --method (for example --scale 2)');
  return evaluateMethod(name, scale, source, io, options);
}

async function measureModel(
  path: string,
  scale: number | undefined,
  source: Source,
  io: Io,
  { backend, ...options }: EvaluateOptions & { readonly backend: BackendRequest | undefined },
): Promise<Evaluation> {
  const network = await openNetwork(path, scale, () => openBackend(backend, io), io);
  try {
    if (network.arithmetic === 'integer') refuseBackend(backend, 'an integer model');
    return await evaluate(network, source, io, options);
  } finally {
    network.dispose();
  }
}

/** Only checkpoints are computed by TensorFlow.js. */
function refuseBackend(backend: BackendRequest | undefined, what: string): void {
  if (backend === undefined) return;
  throw new UsageError(`--backend: must be given with a checkpoint only, got ${backend} with ${what} (leave it out)`);
}

async function openNetwork(
  path: string,
  scale: number | undefined,
  prepare: () => Promise<void>,
  { say }: Io,
): Promise<Network> {
  const network = await loadNetwork(path, prepare, {}, { say });
  if (scale === undefined || scale === network.scale) return network;
  network.dispose();
  throw new UsageError(
    `--scale: must be ${network.scale}, the model's factor, got ${scale} (leave it out, or use another model)`,
  );
}
