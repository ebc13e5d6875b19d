import { useBackend } from '@fqsr/backends';
import { planFromPreset } from '@fqsr/quant-core/spec';
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';
import { calibratedParams, randomImage, tinyEdsr, tinyQuantized, tinySrresnet } from '../../test/networks.js';
import { buildGraph, modelByName } from '../models/registry.js';
import type { Network } from '../passes/fold.js';
import { initParams } from '../passes/init.js';
import { lower } from '../passes/lower.js';
import { quantizeGraph } from '../passes/quantize.js';
import { raise } from '../passes/raise.js';
import { floatGraph, floatNetwork } from './float-network.js';
import { toFloatOnnx } from './to-float-onnx.js';
import { tfjsOutput, toTfjs } from './to-tfjs.js';
import { floatTolerance, verifyFloat } from './verify-float.js';

await useBackend('wasm');
ort.env.wasm.numThreads = 1;

const image = randomImage(3, 17, 13);
const { width, height, data } = image;

/** Random weights, slopes and statistics. */
function network(graph: ReturnType<typeof tinyEdsr>): Network {
  const params = new Map(
    [...initParams(graph, 1)].map(([name, values]) => [
      name,
      /weight|gamma/.test(name) ? values : values.map((value, i) => value + 0.3 * Math.abs(Math.sin(i + name.length))),
    ]),
  );
  return floatNetwork(graph, params);
}

const networks = [
  ['EDSR x2, direct', tinyEdsr()],
  ['EDSR x4, shuffled, residuals scaled', tinyEdsr({ scale: 4, upsampler: 'shuffle', residualScale: 0.1, blocks: 2 })],
  ['SRResNet x2 with batch normalisation', tinySrresnet({ batchNorm: true })],
  ['SRGAN x4', tinySrresnet({ scale: 4, output: 'tanh' })],
  ['MSRResNet x3, on a bilinear enlargement', buildGraph(modelByName('msrresnet-f4b1', 3))],
].map(([title, graph]) => ({ title, own: network(graph as ReturnType<typeof tinyEdsr>) }));

/** ONNX's planes to interleaved pixels. */
async function runOnnx(bytes: Uint8Array): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(bytes);
  const planes = new Float32Array(data.length);
  for (let i = 0; i < width * height; i++)
    for (let c = 0; c < 3; c++) planes[c * width * height + i] = data[i * 3 + c] as number;
  const { upscaled } = await session.run({ image: new ort.Tensor('float32', planes, [1, 3, height, width]) });
  await session.release();
  const result = upscaled?.data as Float32Array;
  const area = result.length / 3;
  return result.map((_, i) => result[(i % 3) * area + Math.floor(i / 3)] as number);
}

async function runTfjs(files: ReturnType<typeof toTfjs>): Promise<Float32Array> {
  const { modelTopology, weightsManifest, ...rest } = JSON.parse(new TextDecoder().decode(files['model.json']));
  const weightData = files['weights.bin'].slice().buffer;
  const artifacts = { ...rest, modelTopology, weightSpecs: weightsManifest[0].weights, weightData };
  const model = await tf.loadGraphModel(tf.io.fromMemory(artifacts));
  const pixels = tf.tidy(() => {
    const result = model.predict(tf.tensor4d(Float32Array.from(data), [1, height, width, 3])) as tf.Tensor;
    return Float32Array.from(result.dataSync());
  });
  model.dispose();
  return pixels;
}

describe.each(networks)('$title', ({ own: { graph, params } }) => {
  it('gives the same image from ONNX in ONNX Runtime', async () => {
    const { largest, mean, samples } = verifyFloat({ graph, params }, image, await runOnnx(toFloatOnnx(graph, params)));
    expect(samples).toBe(data.length * graph.scale ** 2);
    expect(largest).toBeLessThan(floatTolerance / 10);
    expect(mean).toBeLessThan(largest);
  });

  it('gives the same image from a graph model in TensorFlow.js', async () => {
    const before = tf.memory().numTensors;
    const { largest } = verifyFloat({ graph, params }, image, await runTfjs(toTfjs(graph, params)));
    expect(largest).toBeLessThan(floatTolerance / 10);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('float networks of quantized ones', () => {
  it('are the graphs they came from', () => {
    const float = tinySrresnet({ batchNorm: false });
    expect(floatGraph(quantizeGraph(float, planFromPreset('w4a4s8'))).nodes).toEqual(float.nodes);
    const quantized = tinyQuantized('w8a8s8');
    const { params } = floatNetwork(quantized, calibratedParams(quantized, 1));
    expect([...params.keys()]).toEqual([...initParams(tinyEdsr(), 1).keys()]);
  });

  it('keep the ReLU that integers have as a clamp', () => {
    const quantized = tinyQuantized('w8a8s8');
    const raised = floatGraph(raise(lower(quantized, calibratedParams(quantized, 1))));
    const operations = (nodes: readonly { readonly op: string }[]) => nodes.map(({ op }) => op);
    expect(operations(raised.nodes)).toEqual(operations(tinyEdsr().nodes));
  });

  it('are what the exports ask for', () => {
    const quantized = tinyQuantized('w8a8s8');
    const params = calibratedParams(quantized, 1);
    expect(() => toFloatOnnx(quantized, params)).toThrow(
      '[sr-models] toFloatOnnx: graph must be float and folded, got',
    );
    const norm = tinySrresnet({ batchNorm: true });
    expect(() => toTfjs(norm, initParams(norm, 1))).toThrow('(batchNorm) (give floatNetwork(...))');
  });
});

describe('verifyFloat', () => {
  it('sees another size, another image, and what is not a number', () => {
    const { own } = networks[0] as (typeof networks)[0];
    const size = data.length * own.graph.scale ** 2;
    expect(() => verifyFloat(own, image, new Float32Array(3))).toThrow(`upscaled must have ${size} samples, got 3`);
    expect(verifyFloat(own, image, new Float32Array(size)).largest).toBeGreaterThan(100);
    expect(verifyFloat(own, image, new Float32Array(size).fill(Number.NaN)).largest).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a graph model', () => {
  it('fuses ReLU, and names input and output', () => {
    const { graph, params } = network(tinyEdsr());
    const { modelTopology, signature } = JSON.parse(new TextDecoder().decode(toTfjs(graph, params)['model.json']));
    const ops = modelTopology.node.map(({ op }: { op: string }) => op);
    expect(ops).not.toContain('Relu');
    expect(ops.filter((op: string) => op === '_FusedConv2D')).toHaveLength(5);
    expect(Object.keys(signature.outputs)).toEqual([tfjsOutput]);
  });
});
