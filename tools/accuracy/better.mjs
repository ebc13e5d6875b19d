/** Which network of a training is the result. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCheckpoint } from '../../packages/sr-models/dist/index.js';
import { sharedPath } from '../shared-checkpoint.mjs';
import { convention, fqsr } from './records.mjs';

/** Files of a training: the moving average of the network, where it kept one, and the last one. */
export const madeBy = (folder) =>
  ['model-ema.safetensors', 'model.safetensors'].map((file) => join(folder, file)).filter((path) => existsSync(path));

/** A quantized checkpoint with scale and offset of its last convolution matched to the float network's, beside it: its path. Itself where an image skip makes its last convolution another. */
function corrected(cwd, path, float) {
  const [skip, wantedSkip] = [path, float].map(
    (file) => parseCheckpoint(new Uint8Array(readFileSync(file))).model.config.imageSkip,
  );
  if (skip !== wantedSkip) return path;
  const to = path.replace(/\.safetensors$/, '-corrected.safetensors');
  fqsr(cwd, 'correct', path, '--teacher', float, '--calibrate', sharedPath('datasets/BSD400'), '--seed', '5', '-o', to);
  return to;
}

/**
 * The quantized network of a training: the last one, or its moving average, with scale and offset matched to the float network's where both have their images from the same convolution, whichever does better on the first images of the training data. An average of weights that
 * change between two levels to the end lies between these, and is rounded to one of them whatever the others do.
 */
export function betterBy(cwd, folder, float) {
  const paths = madeBy(folder).map((path) => corrected(cwd, path, float));
  if (paths.length < 2) return paths[0];
  const choiceOn = ['--data', sharedPath('datasets/BSD400'), '--limit', '24', '--convention', convention];
  const psnr = paths.map((path) => fqsr(cwd, 'eval', '--model', path, ...choiceOn).psnr);
  return psnr[1] > psnr[0] ? paths[1] : paths[0];
}
