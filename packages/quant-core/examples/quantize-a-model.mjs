/**
 * Quantizes a model that knows nothing of quantization: a small residual network of plain `tf.layers`, trained in float on drawn digits, then quantized to
 * 4 bits and fine-tuned. Prints the accuracy at each stage and what every tensor of the result is.
 *
 *     npm run build && npm run example -w packages/quant-core            (add `-- --short` for a few seconds' worth)
 */
import { useBackend } from '@fqsr/backends';
import { makePlan, planFromPreset } from '@fqsr/quant-core';
import { auditModel, calibrateModel, quantizeModel } from '@fqsr/quant-core/layers';
import * as tf from '@tensorflow/tfjs';
import { drawDigits, SIZE } from './digits.mjs';

const SEED = 7;
const short = process.argv.includes('--short');
const amount = short
  ? { train: 1000, test: 500, epochs: 3, tuning: 2 }
  : { train: 4000, test: 2000, epochs: 4, tuning: 3 };
const print = (line = '') => process.stdout.write(`${line}\n`);

/** The model that is not ours. */
function theirModel() {
  const kernelInitializer = (seed) => tf.initializers.heNormal({ seed: SEED + seed });
  const conv = (name, filters, seed) =>
    tf.layers.conv2d({ name, filters, kernelSize: 3, padding: 'same', kernelInitializer: kernelInitializer(seed) });
  const input = tf.input({ name: 'picture', shape: [SIZE, SIZE, 1] });
  let x = conv('head', 12, 1).apply(input);
  x = tf.layers
    .reLU({ name: 'head_relu' })
    .apply(tf.layers.batchNormalization({ name: 'head_norm', momentum: 0.9 }).apply(x));
  x = tf.layers.maxPooling2d({ name: 'pool', poolSize: 2 }).apply(x);
  const body = tf.layers.reLU({ name: 'body_relu' }).apply(conv('body1', 12, 2).apply(x));
  x = tf.layers.add({ name: 'skip' }).apply([x, conv('body2', 12, 3).apply(body)]);
  x = tf.layers.maxPooling2d({ name: 'pool2', poolSize: 2 }).apply(x);
  x = tf.layers.flatten({ name: 'flat' }).apply(x);
  const last = { name: 'digits', units: 10, activation: 'softmax', kernelInitializer: kernelInitializer(4) };
  return tf.model({ name: 'theirs', inputs: input, outputs: tf.layers.dense(last).apply(x) });
}

/** Share of pictures whose largest output is their digit. */
function accuracyOf(model, { images, labels }) {
  return tf.tidy(() => {
    const hits = tf.equal(tf.argMax(model.predict(images, { batchSize: 200 }), -1), tf.argMax(labels, -1));
    return tf.mean(tf.cast(hits, 'float32')).dataSync()[0];
  });
}

async function train(model, { images, labels }, rate, epochs) {
  model.compile({ optimizer: tf.train.adam(rate), loss: 'categoricalCrossentropy' });
  for (let epoch = 0; epoch < epochs; epoch++) {
    await model.fit(images, labels, { batchSize: 50, shuffle: false, verbose: 0 });
  }
}

const started = performance.now();
await useBackend('wasm');
const [training, testing] = [drawDigits(amount.train, SEED), drawDigits(amount.test, SEED + 1)];
const result = (what, model) => print(`${what.padEnd(44)}${(100 * accuracyOf(model, testing)).toFixed(2)} %`);

const float = theirModel();
await train(float, training, 3e-3, amount.epochs);
result('float', float);

const preset = planFromPreset('w4a4s8');
const plan = makePlan({ ...preset, roles: { ...preset.roles, outputs: null } });
const allowFloat = ['digits']; // its softmax
const { model: rounded } = await quantizeModel(float, plan, { allowFloat, calibration: 'mse' });
calibrateModel(rounded, [tf.slice(training.images, 0, 200)]);
result('4 bits, calibrated on 200 pictures', rounded);

const { model, folded, float: left } = await quantizeModel(float, plan, { allowFloat });
await train(model, training, 1e-3, amount.tuning);
result('4 bits, fine-tuned', model);

print();
for (const { batchNorm, into } of folded) print(`${batchNorm} was folded into ${into}`);
for (const { layer, why } of left) print(`${layer} was allowed: ${why}`);
print();
for (const { layer, tensor, kind, what, bound } of auditModel(model).rows) {
  const range = bound === null ? '' : `, at most ${bound}`;
  print(`${layer.padEnd(10)} ${tensor.padEnd(12)} ${kind.padEnd(9)} ${what}${range}`);
}
print(`\n${((performance.now() - started) / 1000).toFixed(1)} s`);
