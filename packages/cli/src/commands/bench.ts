import { mkdtemp, rm, stat } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { cost } from '@fqsr/sr-models';
import { z } from 'zod';
import { type Conditions, type Entry, measureAll, measureLoads } from '../bench/measure.js';
import { ours, type PeerName, peerNames, peers } from '../bench/peers/registry.js';
import { describeMachine, drawing, engineTable, loadTable, sizeTable, spread } from '../bench/report.js';
import { openSubject, type Subject, writeFor } from '../bench/subject.js';
import { defineCommand, flag, type Result, real, text, whole } from '../command.js';
import { UsageError } from '../errors.js';
import type { Io } from '../io.js';
import { planOption, resolvePlan } from '../plan-option.js';
import { quantity } from '../table.js';

const size = /^[1-9]\d{0,4}x[1-9]\d{0,4}$/;
const unasked = peerNames.filter((name) => name !== ours && peers[name].byDefault);

/** `fqsr bench`: how fast a network is, here and in other engines, over sizes, and from nothing to the first image. */
export const benchCommand = defineCommand({
  arguments: [{ name: '<model>', description: '.fqsr file, checkpoint, or model name (random weights; with --scale)' }],
  example: 'fqsr bench edsr-baseline --scale 4 --threads 1 --against tfjs,onnxruntime-node-int8',
  options: z.object({
    input: z.string().regex(size, 'must be written HxW').default('128x128').meta({
      description: 'size of the low-resolution image',
      value: 'HxW',
    }),
    against: text({
      description: `engines to compare with, of ${peerNames.filter((name) => name !== ours).join(', ')}; or none (default: ${unasked.join(',')})`,
      value: 'list',
    }).optional(),
    sizes: text({
      description: 'measure our runtime on several sizes instead, e.g. 64x64,1024x1024, with the memory of each',
      value: 'list',
    }).optional(),
    load: flag({ description: 'measure fresh processes from their start to the first image instead' }),
    threads: whole(
      { description: 'threads of every engine that has them (default: all cores, at most 4)', value: 'n' },
      1,
      64,
    ).optional(),
    turns: whole(
      { description: 'turns of each engine, one after the other; with --load, processes', value: 'n' },
      1,
      1000,
    ).default(7),
    seconds: real({ description: 'length of a turn: as many runs as fit, at least one', value: 's' }, 0, 600).default(
      1,
    ),
    scale: whole({ description: 'upscaling factor, for a model name', value: 'n' }, 2, 4).default(2),
    plan: planOption('quantization plan of a float network (default: w8a8s8)').optional(),
    calibrate: text({ description: 'data that a float network is calibrated on', value: 'data' }).default(
      'dead-leaves:8:128',
    ),
    seed: whole({ description: 'of random weights and of the image', value: 'n' }, 0, 2 ** 31 - 1).default(1),
    markdown: flag({ description: 'print tables in Markdown' }),
  }),
  run: async ([spec = ''], options, io) => {
    const { input, against, sizes, load, turns, seconds, scale, calibrate, seed, markdown } = options;
    const threads = options.threads ?? Math.min(4, availableParallelism());
    if (sizes !== undefined && load)
      throw new UsageError('--load: must be left out with --sizes, got both (choose one)');
    const chosen = against === undefined ? (sizes === undefined ? unasked : []) : parsePeers(against);
    const inputs = sizes === undefined ? [input] : parseSizes(sizes);
    const plan = options.plan === undefined ? null : await resolvePlan(options.plan);
    const subject = await openSubject(spec, { scale, plan, calibrate, seed }, io);
    const folder = await mkdtemp(join(tmpdir(), 'fqsr-bench-'));
    try {
      const path = await writeFor('fqsr', subject, folder);
      const header = await describeSubject(subject, path, threads);
      const draw = drawing(markdown);
      if (load) return await loads(path, { threads, turns, header }, draw);
      const entries = await entriesFor([ours, ...chosen], inputs, subject, folder);
      const isOneSize = sizes === undefined;
      const conditions = { threads, turns, turnMs: seconds * 1000, equalTurns: !isOneSize, seed };
      return await speeds(entries, { conditions, header, isOneSize }, draw, io);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
});

/** What every measurement says first. */
interface Header {
  readonly json: Readonly<Record<string, unknown>>;
  readonly text: string;
}

async function loads(
  path: string,
  { threads, turns, header }: { readonly threads: number; readonly turns: number; readonly header: Header },
  draw: ReturnType<typeof drawing>,
): Promise<Result> {
  const measured = await measureLoads(path, threads, turns);
  return {
    json: { ...header.json, loads: measured },
    text: `${header.text}, ${turns} fresh processes\n\n${loadTable(measured, draw)}`,
  };
}

async function speeds(
  entries: readonly Entry[],
  {
    conditions,
    header,
    isOneSize,
  }: { readonly conditions: Conditions; readonly header: Header; readonly isOneSize: boolean },
  draw: ReturnType<typeof drawing>,
  io: Io,
): Promise<Result> {
  const { measured, skipped } = await measureAll(entries, conditions, isOneSize, io);
  const skips = skipped.map(
    ({ peer, install }) => `skipped ${peer}: ${install} is not installed (npm install ${install})`,
  );
  const spreads = isOneSize ? null : { median: spread(measured, 'median'), cpu: spread(measured, 'cpu') };
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const lines = [
    `${header.text}; ${conditions.turns} turns of ${conditions.turnMs / 1000} s${isOneSize ? `, ${sizeOf(entries[0])}` : ''}`,
    '',
    isOneSize ? engineTable(measured, draw) : sizeTable(measured, draw),
    ...(spreads
      ? [
          '',
          `greatest over least time a pixel: of medians +${percent(spreads.median)}, of processor time +${percent(spreads.cpu)}`,
        ]
      : []),
    ...(skips.length > 0 ? ['', ...skips] : []),
  ];
  return { json: { ...header.json, measured, skipped, spread: spreads }, text: lines.join('\n') };
}

async function describeSubject({ model, float, weights }: Subject, path: string, threads: number): Promise<Header> {
  const bytes = (await stat(path)).size;
  const { macsPerPixel } = cost(float.graph);
  const machine = describeMachine();
  return {
    json: { name: model.name, scale: model.scale, bytes, macsPerPixel, weights, threads, machine },
    text: `${model.name}, ${quantity(bytes, 'B')}, ${quantity(macsPerPixel, '')} multiply-adds a pixel, weights ${weights}; ${machine}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
  };
}

/** One entry for each engine and size; files are written once. */
async function entriesFor(
  names: readonly PeerName[],
  inputs: readonly string[],
  subject: Subject,
  folder: string,
): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for (const peer of names) {
    const path = await writeFor(peers[peer].file, subject, folder);
    for (const input of inputs) {
      const [height, width] = input.split('x').map(Number) as [number, number];
      entries.push({ peer, path, width, height });
    }
  }
  return entries;
}

function sizeOf(entry: Entry | undefined): string {
  return entry ? `input ${entry.height}x${entry.width}` : '';
}

/** @throws UsageError naming the engine that there is not */
function parsePeers(list: string): readonly PeerName[] {
  if (list === 'none') return [];
  const asked = [...new Set(list.split(','))];
  const known = peerNames.filter((name) => name !== ours);
  const unknown = asked.find((name) => !known.some((each) => each === name));
  if (unknown === undefined) return known.filter((name) => asked.includes(name));
  throw new UsageError(`--against: must list ${known.join(', ')}, or be none, got "${unknown}" (correct the name)`);
}

function parseSizes(list: string): readonly string[] {
  const sizes = list.split(',');
  const wrong = sizes.find((each) => !size.test(each));
  if (wrong === undefined) return sizes;
  throw new UsageError(`--sizes: must list sizes written HxW, got "${wrong}" (for example 64x64,1024x1024)`);
}
