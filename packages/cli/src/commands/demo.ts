import { join } from 'node:path';
import { crop, encodePng, type Image, openSource, type Source } from '@fqsr/datasets';
import { parseModel } from '@fqsr/runtime';
import { auditGraph, bitOpsFormula, cost, graphOf, raise, tolerance } from '@fqsr/sr-models';
import { z } from 'zod';
import { defineCommand, flag, text } from '../command.js';
import { type Comparison, type CropRow, compare } from '../demo/compare.js';
import { mosaic } from '../demo/crops.js';
import { UsageError } from '../errors.js';
import type { Evaluation } from '../evaluate.js';
import { type Exported, exportFqsr } from '../exporting.js';
import { assertWritable, writeWhole } from '../files.js';
import { graphNetwork } from '../graph-network.js';
import { duration, type Io } from '../io.js';
import { bicubic, integerNetwork, type Network } from '../networks.js';
import { demoReport } from '../report/demo.js';
import { quantity, table } from '../table.js';
import { type FinishedRun, type RunConfig, readRun, resolveModel, train } from '../training.js';
import { runDefaults } from './train.js';

/** The network of the demo and how long it trains. `short` only shows that everything works. */
const sizes = {
  full: { model: 'edsr-f40b1', floatSteps: 1000, quantizedSteps: 3200, photos: 9 },
  short: { model: 'edsr-f40b1', floatSteps: 60, quantizedSteps: 60, photos: 2 },
} as const;

const SCALE = 2;
/** Small batches: at four bits many small steps do better than few large ones. */
const BATCH = 4;
/** A batch of four small patches is one thread's work; fixed, so that every machine gets the same network. */
const SHARDS = 1;
const PLAN = 'w4a4s8';
/** The photographs in the comparison picture. */
const PICTURED: readonly string[] = ['airplane-from-above', 'acanthus-mollis'];
/** The photograph that is upscaled in full. */
const PHOTO = 'french-alpine-landscape';
/** Low-resolution side of the crops on which every layer is compared. */
const VERIFY_SIDE = 96;

/** `fqsr demo`: the main job from nothing to a report. */
export const demoCommand = defineCommand({
  arguments: [],
  example: 'fqsr demo -o demo-out',
  options: z.object({
    output: text({
      description: 'folder of the results; an interrupted demo goes on',
      value: 'folder',
      short: 'o',
    }).default('demo-out'),
    short: flag({ description: 'a few steps only, to see that everything works' }),
  }),
  run: async (_args, { output, short }, io) => {
    const started = performance.now();
    const size = short ? sizes.short : sizes.full;
    const at = (...parts: string[]) => join(output, ...parts);
    await assertWritable(at('report.html'));
    const photos = await openSource('photos');

    io.say(`1/5 training ${size.model} x${SCALE} in float on ${runDefaults.data}`);
    const float = await trainIn(
      at('runs', 'float'),
      { ...(await resolveModel({ model: size.model, scale: SCALE })), steps: size.floatSteps },
      io,
    );
    io.signal.throwIfAborted();
    io.say(`2/5 training it on in ${PLAN}`);
    const quantized = await trainIn(
      at('runs', PLAN),
      { ...(await resolveModel({ init: float.modelPath, plan: PLAN })), steps: size.quantizedSteps },
      io,
    );

    io.signal.throwIfAborted();
    io.say(`3/5 exporting, and comparing every layer with the graph on ${size.photos} photos`);
    const exported = await exportFqsr(
      quantized.checkpoint,
      await verificationCrops(photos, size.photos),
      {
        made: `fqsr demo, seed ${quantized.config.seed}, trained on ${runDefaults.data}`,
      },
      io,
    );
    await writeWhole(at('model.fqsr'), exported.bytes);

    io.signal.throwIfAborted();
    io.say('4/5 measuring bicubic, float, fake-quantized and integer');
    const networks = [
      bicubic(SCALE),
      await graphNetwork(float.checkpoint),
      await graphNetwork(quantized.checkpoint),
      await integerNetwork(exported.bytes),
    ];
    const compared = await compare(networks, photos, size.photos, io);

    io.signal.throwIfAborted();
    io.say(`5/5 upscaling ${PHOTO}`);
    const picture = await upscalePhoto(networks.at(-1) as Network, photos, at(`${PHOTO}-x${SCALE}.png`), io);
    for (const network of networks) network.dispose();

    const results = summarize({
      float,
      quantized,
      exported,
      compared,
      picture,
      seconds: (performance.now() - started) / 1000,
      short,
    });
    await writeWhole(at('results.json'), `${JSON.stringify(results, null, 2)}\n`);
    await writeWhole(at('comparison.png'), await encodePng(comparisonPicture(compared.crops)));
    await writeWhole(at('report.html'), await demoReport(results, compared.crops, [float, quantized]));
    return { json: results, text: describe(results, output), exitCode: results.passed ? 0 : 1 };
  },
});

/** A run of the demo; a folder with another run in it is refused. */
async function trainIn(
  folder: string,
  own: Pick<RunConfig, 'model' | 'plan' | 'init' | 'steps'>,
  io: Io,
): Promise<FinishedRun> {
  const config: RunConfig = { ...runDefaults, batchSize: BATCH, shards: SHARDS, ...own };
  const known = await readRun(folder);
  if (known && JSON.stringify(known) !== JSON.stringify(config)) {
    throw new UsageError(
      `--output: ${folder} must be free or hold the same demo, got a run with other options (remove it, or choose another folder)`,
    );
  }
  return train(folder, config, io, io.signal);
}

/** The middle of each photo at low resolution. */
async function verificationCrops(photos: Source, count: number): Promise<readonly Image[]> {
  const crops: Image[] = [];
  for (let i = 0; i < count; i++) {
    const { lr } = await photos.pair(i, SCALE);
    const side = Math.min(VERIFY_SIDE, lr.width, lr.height);
    crops.push(crop(lr, (lr.width - side) >> 1, (lr.height - side) >> 1, side, side));
  }
  return crops;
}

async function upscalePhoto(
  network: Network,
  photos: Source,
  path: string,
  io: Io,
): Promise<{ path: string; width: number; height: number }> {
  const index = Array.from({ length: photos.count }, (_, i) => photos.nameOf(i)).indexOf(PHOTO);
  const progress = io.progress(PHOTO, 100, '%');
  const image = await network.upscale(await photos.hr(Math.max(0, index)), (share) => progress.update(share * 100));
  progress.stop();
  await writeWhole(path, await encodePng(image));
  return { path, width: image.width, height: image.height };
}

/** Bicubic, integer network and original, a row for each of the first photos. */
function comparisonPicture(crops: readonly CropRow[]): Image {
  const columns = ['bicubic', 'integer', 'original'];
  const rows = crops
    .filter(({ name }) => PICTURED.includes(name))
    .map(({ images }) => columns.map((column) => images[column] as Image));
  return mosaic(rows, 2, 6);
}

/** A row of the demo's table. */
export interface MethodRow {
  readonly method: string;
  readonly psnr: number;
  readonly ssim: number;
  /** Bytes of the parameters, or of the file; `null` where neither says anything: bicubic, and the stand-in that computes integers in float. */
  readonly bytes: number | null;
  /** For one megapixel of output; `null` as above. */
  readonly bitOpsPerMegapixel: number | null;
}

/** The document of the demo. */
export type DemoResults = ReturnType<typeof summarize>;

interface Parts {
  readonly float: FinishedRun;
  readonly quantized: FinishedRun;
  readonly exported: Exported;
  readonly compared: Comparison;
  readonly picture: { readonly path: string; readonly width: number; readonly height: number };
  readonly seconds: number;
  readonly short: boolean;
}

function summarize({ float, quantized, exported, compared, picture, seconds, short }: Parts) {
  const [cubic, inFloat, faked, integer] = compared.evaluations as [Evaluation, Evaluation, Evaluation, Evaluation];
  const floatCost = cost(graphOf(float.checkpoint));
  const integerCost = cost(raise(parseModel(exported.bytes)));
  const row = (evaluation: Evaluation, bytes: number | null, bitOpsPerPixel: number | null): MethodRow => ({
    method: evaluation.arithmetic,
    psnr: evaluation.psnr,
    ssim: evaluation.ssim,
    bytes,
    bitOpsPerMegapixel: bitOpsPerPixel === null ? null : (bitOpsPerPixel * 1e6) / SCALE ** 2,
  });
  const perPhoto = integer.perImage.map(({ name, psnr }, i) => ({
    name,
    bicubic: cubic.perImage[i]?.psnr ?? Number.NaN,
    float: inFloat.perImage[i]?.psnr ?? Number.NaN,
    fakeQuantized: faked.perImage[i]?.psnr ?? Number.NaN,
    integer: psnr,
  }));
  const audit = auditGraph(raise(parseModel(exported.bytes)));
  const { agreement } = compared;
  const checks = {
    fullyQuantized: audit.fullyQuantized,
    integersAgreeWithGraph:
      agreement.largest <= tolerance.levels &&
      agreement.different <= agreement.samples * tolerance.share &&
      Math.abs(integer.psnr - faked.psnr) <= 0.01,
    beatsBicubicOnEveryPhoto: perPhoto.every((photo) => photo.integer > photo.bicubic),
  };
  return {
    model: exported.name,
    short,
    data: {
      training: float.config.data,
      evaluation: integer.dataset,
      photos: integer.images,
      convention: integer.convention,
    },
    steps: { float: float.config.steps, quantized: quantized.config.steps },
    seed: float.config.seed,
    table: [
      row(cubic, null, null),
      row(inFloat, floatCost.modelBytes, floatCost.bitOpsPerPixel),
      row(faked, null, null),
      row(integer, exported.bytes.length, integerCost.bitOpsPerPixel),
    ],
    bitOpsFormula,
    perPhoto,
    agreement: { image: agreement, layers: exported.agreement, tolerance },
    audit,
    picture,
    checks,
    /** A short training need not beat bicubic; everything else holds for it too. */
    passed: checks.fullyQuantized && checks.integersAgreeWithGraph && (short || checks.beatsBicubicOnEveryPhoto),
    seconds,
  };
}

function describe(results: DemoResults, output: string): string {
  const { image } = results.agreement;
  const yes = (value: boolean) => (value ? 'yes' : 'NO');
  return [
    table(
      ['method', 'PSNR dB', 'SSIM', 'bytes', 'BitOPs/MP'],
      results.table.map(({ method, psnr, ssim, bytes, bitOpsPerMegapixel }) => [
        method,
        psnr.toFixed(2),
        ssim.toFixed(4),
        bytes === null ? '-' : quantity(bytes, 'B'),
        bitOpsPerMegapixel === null ? '-' : quantity(bitOpsPerMegapixel, ''),
      ]),
    ),
    `mean of ${results.data.photos} photos, x${SCALE}, convention ${results.data.convention}; BitOPs for a megapixel of output: ${results.bitOpsFormula}`,
    '',
    `no float tensor from image to image: ${yes(results.checks.fullyQuantized)}`,
    `integers equal the graph: ${yes(results.checks.integersAgreeWithGraph)} (${image.different} of ${image.samples} samples differ, by at most ${image.largest})`,
    `beats bicubic on every photo: ${yes(results.checks.beatsBicubicOnEveryPhoto)}${results.short ? ' (a short demo need not)' : ''}`,
    '',
    `${join(output, 'report.html')}, ${join(output, 'model.fqsr')}, ${results.picture.path}, in ${duration(results.seconds)}`,
  ].join('\n');
}
