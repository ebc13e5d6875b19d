/**
 * How many integer weights of two quantized checkpoints of one network differ, and by how much of a step the weights before rounding do: `node tools/accuracy/levels-apart.mjs runs/qat/model.safetensors
 * runs/qat/model-ema.safetensors`, after a build. Many of the first at little of the second are weights on the border of two levels.
 */
import { readFileSync } from 'node:fs';
import { graphOf, lower, parseCheckpoint } from '../../packages/sr-models/dist/index.js';

const [own, other] = process.argv.slice(2).map((path) => {
  const checkpoint = parseCheckpoint(new Uint8Array(readFileSync(path)));
  return { ...checkpoint, levels: lower(graphOf(checkpoint), checkpoint.params).tensors };
});
if (!other) throw new Error('levels-apart: two checkpoints must be given, got fewer');
let [count, differing, farthest] = [0, 0, 0];
for (const [name, weights] of own.params) {
  const logSteps = own.params.get(`${name}.logStep`);
  if (!name.endsWith('.weight') || !logSteps) continue;
  const others = other.params.get(name);
  for (const [at, weight] of weights.entries()) {
    farthest = Math.max(farthest, Math.abs(weight - others[at]) / Math.exp(logSteps[at % logSteps.length]));
  }
  for (const [at, level] of own.levels[name].entries()) {
    count++;
    if (level !== other.levels[name][at]) differing++;
  }
}
console.log(
  `${differing} of ${count} integer weights differ; weights differ by at most ${farthest.toPrecision(2)} of a step`,
);
