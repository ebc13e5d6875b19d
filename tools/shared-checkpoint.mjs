/** The float EDSR-baseline of `../shared/checkpoints`, as graph and parameters of `@fqsr/sr-models`; and patches of `../shared/datasets`. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openPatchStream } from '../packages/datasets/dist/index.js';
import { readSafetensors } from '../packages/runtime/dist/format.js';
import { buildGraph, modelByName } from '../packages/sr-models/dist/index.js';

const shared = new URL('../../shared/', import.meta.url);

/** The path of a file or folder of `../shared`; ends the program with a line, and no error, when it is missing. */
export function sharedPath(name) {
  const path = fileURLToPath(new URL(name, shared));
  if (existsSync(path)) return path;
  console.log(`skipped: ${path} does not exist`);
  process.exit(0);
}

/** OIHW to HWIO; with `factor`, output channels from PyTorch's pixel shuffle order (channel, dy, dx) to that of TensorFlow (dy, dx, channel). */
function toHwio({ data, shape: [outs, ins, rows, columns] }, factor) {
  const order = outOrder(outs, factor);
  const hwio = new Float32Array(data.length);
  for (let to = 0; to < outs; to++) {
    for (let i = 0; i < ins; i++) {
      for (let tap = 0; tap < rows * columns; tap++) {
        hwio[(tap * ins + i) * outs + to] = data[(order[to] * ins + i) * rows * columns + tap];
      }
    }
  }
  return hwio;
}

function outOrder(outs, factor) {
  if (!factor) return Array.from({ length: outs }, (_, o) => o);
  const channels = outs / factor ** 2;
  return Array.from({ length: outs }, (_, to) => (to % channels) * factor ** 2 + Math.floor(to / channels));
}

/** EDSR-baseline: `{ graph, params }`. The input's integer mean is the graph's; what the true mean differs by goes into the first and last bias. */
export function edsrBaseline(scale) {
  const bytes = readFileSync(sharedPath(`checkpoints/edsr_baseline_x${scale}.safetensors`));
  const { tensors, metadata } = readSafetensors(new Uint8Array(bytes));
  const graph = buildGraph(modelByName('edsr-baseline', scale));
  const mean = metadata.rgb_mean.split(',').map((share) => Number(share) * 255);
  const names = [
    ['head', 'head.0'],
    ['body.conv', 'body.16'],
    ['tail', 'tail.1'],
  ];
  for (let i = 0; i < 16; i++)
    for (const [ours, theirs] of [
      [1, 0],
      [2, 2],
    ])
      names.push([`body.${i}.conv${ours}`, `body.${i}.body.${theirs}`]);
  const factors = scale === 4 ? [2, 2] : [scale];
  for (const i of factors.keys()) names.push([`up.${i}.conv`, `tail.0.${2 * i}`, factors[i]]);
  const params = new Map();
  for (const [ours, theirs, factor] of names) {
    const bias = tensors.get(`${theirs}.bias`).data;
    params.set(`${ours}.weight`, toHwio(tensors.get(`${theirs}.weight`), factor));
    params.set(
      `${ours}.bias`,
      Float32Array.from(outOrder(bias.length, factor), (from) => bias[from]),
    );
  }
  const [{ zeroPoint }] = graph.nodes;
  const head = params.get('head.weight');
  params.set(
    'head.bias',
    params.get('head.bias').map((bias, o) => {
      let sum = bias;
      for (let at = o; at < head.length; at += 64) {
        const channel = Math.floor(at / 64) % 3;
        sum += head[at] * (zeroPoint[channel] - mean[channel]);
      }
      return sum;
    }),
  );
  params.set(
    'tail.bias',
    params.get('tail.bias').map((bias, channel) => bias + mean[channel]),
  );
  return { graph, params };
}

/** Low-resolution patches of BSD400: `count` batches. */
export async function calibrationBatches(scale, { patchSize, batchSize, count, seed = 1 }) {
  const stream = await openPatchStream(sharedPath('datasets/BSD400'), { scale, patchSize, batchSize, seed });
  const batches = [];
  for (let i = 0; i < count; i++) batches.push(await stream.batch(i));
  stream.dispose();
  return batches;
}
