/** Which network of a training is the result. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { useBackend } from '../../packages/backends/dist/index.js';
import { correctOutput, graphOf, parseCheckpoint, serializeCheckpoint } from '../../packages/sr-models/dist/index.js';
import { calibrationBatches, sharedPath } from '../shared-checkpoint.mjs';
import { convention, fqsr } from './records.mjs';

/** Files of a training: the moving average of the network, where it kept one, and the last one. */
export const madeBy = (folder) =>
  ['model-ema.safetensors', 'model.safetensors'].map((file) => join(folder, file)).filter((path) => existsSync(path));

/** Patches that {@link corrected} matches on. */
const matchedOn = { patchSize: 48, batchSize: 8, count: 12, seed: 5 };

/** A quantized checkpoint with scale and offset of its last convolution matched to the float network's, beside it: its path. Itself where an image skip makes its last convolution another. */
async function corrected(path, float) {
  await useBackend('wasm');
  const [own, wanted] = [path, float].map((each) => parseCheckpoint(new Uint8Array(readFileSync(each))));
  if (own.model.config.imageSkip !== wanted.model.config.imageSkip) return path;
  const graph = graphOf(own);
  const batches = await calibrationBatches(graph.scale, matchedOn);
  const params = correctOutput(graph, own.params, { graph: graphOf(wanted), params: wanted.params }, batches);
  const to = path.replace(/\.safetensors$/, '-corrected.safetensors');
  writeFileSync(to, serializeCheckpoint({ ...own, params, training: null }));
  return to;
}

/**
 * The quantized network of a training: the last one, or its moving average, with scale and offset matched to the float network's where both have their images from the same convolution, whichever does better on the first images of the training data. An average of weights that
 * change between two levels to the end lies between these, and is rounded to one of them whatever the others do.
 */
export async function betterBy(cwd, folder, float) {
  const paths = [];
  for (const path of madeBy(folder)) paths.push(await corrected(path, float));
  if (paths.length < 2) return paths[0];
  const choiceOn = ['--data', sharedPath('datasets/BSD400'), '--limit', '24', '--convention', convention];
  const psnr = paths.map((path) => fqsr(cwd, 'eval', '--model', path, ...choiceOn).psnr);
  return psnr[1] > psnr[0] ? paths[1] : paths[0];
}
