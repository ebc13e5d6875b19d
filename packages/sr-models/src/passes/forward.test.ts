import { useBackend } from '@fqsr/backends';
import { planFromPreset } from '@fqsr/quant-core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { calibratedParams, randomImage, tinyEdsr, tinyQuantized } from '../../test/networks.js';
import type { Conv2dNode, Graph } from '../graph.js';
import { type Params, toTensors } from '../params.js';
import { type ForwardHooks, forward } from './forward.js';
import type { ImageBytes } from './verify.js';

beforeAll(() => useBackend('wasm'));

interface Plane {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Float64Array;
}

/** A `same` convolution as loops in float64. */
function convolve(x: Plane, { name, kernel, outChannels }: Conv2dNode, params: Params): Plane {
  const weight = params.get(`${name}.weight`) as Float32Array;
  const bias = params.get(`${name}.bias`) as Float32Array;
  const { width, height, channels } = x;
  const data = new Float64Array(width * height * outChannels);
  for (let at = 0; at < data.length; at++) {
    const [o, px, py] = [at % outChannels, Math.floor(at / outChannels) % width, Math.floor(at / outChannels / width)];
    let sum = bias[o] as number;
    for (let ky = 0; ky < kernel[0]; ky++) {
      for (let kx = 0; kx < kernel[1]; kx++) {
        const [iy, ix] = [py + ky - (kernel[0] >> 1), px + kx - (kernel[1] >> 1)];
        if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
        for (let c = 0; c < channels; c++) {
          const w = weight[((ky * kernel[1] + kx) * channels + c) * outChannels + o] as number;
          sum += w * (x.data[(iy * width + ix) * channels + c] as number);
        }
      }
    }
    data[at] = sum;
  }
  return { width, height, channels: outChannels, data };
}

function shuffle(x: Plane, factor: number): Plane {
  const [width, height, channels] = [x.width * factor, x.height * factor, x.channels / factor ** 2];
  const data = new Float64Array(x.data.length);
  for (let y = 0; y < height; y++) {
    for (let px = 0; px < width; px++) {
      for (let c = 0; c < channels; c++) {
        const from = (Math.floor(y / factor) * x.width + Math.floor(px / factor)) * x.channels;
        const channel = ((y % factor) * factor + (px % factor)) * channels + c;
        data[(y * width + px) * channels + c] = x.data[from + channel] as number;
      }
    }
  }
  return { width, height, channels, data };
}

/** A float network as loops. */
function reference(graph: Graph, params: Params, image: ImageBytes): Plane {
  const values = new Map<string, Plane>();
  const of = (name: string) => values.get(name) as Plane;
  for (const node of graph.nodes) {
    let value: Plane = { ...image, channels: 3, data: Float64Array.from(image.data) };
    if (node.op === 'input')
      value = { ...value, data: value.data.map((x, i) => x - (node.zeroPoint[i % 3] as number)) };
    else if (node.op === 'conv2d') value = convolve(of(node.input), node, params);
    else if (node.op === 'relu') value = { ...of(node.input), data: of(node.input).data.map((x) => Math.max(0, x)) };
    else if (node.op === 'scale') value = { ...of(node.input), data: of(node.input).data.map((x) => x * node.factor) };
    else if (node.op === 'pixelShuffle') value = shuffle(of(node.input), node.factor);
    else if (node.op === 'add') {
      const [a, b] = node.inputs.map(of) as [Plane, Plane];
      value = { ...a, data: a.data.map((x, i) => x + (b.data[i] as number)) };
    } else value = of(node.input);
    values.set(node.name, value);
  }
  return of(graph.nodes.at(-1)?.name as string);
}

function run(graph: Graph, params: Params, image: ImageBytes, mode: 'float' | 'quantized', hooks: ForwardHooks = {}) {
  return tf.tidy(() => {
    const pixels = tf.tensor4d(Float32Array.from(image.data), [1, image.height, image.width, 3]);
    const result = forward(graph, pixels, { params: toTensors(graph, params), mode, ...hooks });
    expect(result.shape).toEqual([1, image.height * graph.scale, image.width * graph.scale, 3]);
    return Float32Array.from(result.dataSync());
  });
}

describe.each([
  { scale: 2, upsampler: 'direct', residualScale: 1, features: 5 },
  { scale: 3, upsampler: 'direct', residualScale: 0.1, features: 4 },
  { scale: 3, upsampler: 'shuffle', residualScale: 1, features: 3 },
  { scale: 4, upsampler: 'shuffle', residualScale: 0.1, features: 4 },
] as const)('x$scale $upsampler, residuals times $residualScale', (config) => {
  const graph = tinyEdsr(config);
  const image = randomImage(1, 7, 5);

  it('in float equals plain loops', () => {
    const params = calibratedParams(graph, 3);
    const wanted = reference(graph, params, image);
    const got = run(graph, params, image, 'float');
    expect(got.length).toBe(wanted.data.length);
    for (const [i, value] of wanted.data.entries()) expect(Math.abs((got[i] as number) - value)).toBeLessThan(1e-3);
  });

  it('in float a quantized graph is the float graph', () => {
    const quantized = tinyQuantized('w4a4s8', config);
    const params = calibratedParams(quantized, 3);
    expect(run(quantized, params, image, 'float')).toEqual(run(graph, params, image, 'float'));
  });

  it('quantized gives whole numbers from 0 to 255', () => {
    const quantized = tinyQuantized('w3a3s6', config);
    const values = run(quantized, calibratedParams(quantized, 3), image, 'quantized');
    expect(values.every((value) => Number.isInteger(value) && value >= 0 && value <= 255)).toBe(true);
    expect(new Set(values).size).toBeGreaterThan(10);
  });

  it('quantized at 8 bits is near the float network', () => {
    const quantized = tinyQuantized('w8a8s8', config);
    const params = calibratedParams(quantized, 3);
    const float = run(quantized, params, image, 'float');
    const values = run(quantized, params, image, 'quantized');
    const apart = values.map((value, i) => Math.abs(value - Math.min(255, Math.max(0, float[i] as number))));
    expect(apart.reduce((a, b) => a + b, 0) / apart.length).toBeLessThan(3);
  });
});

describe('hooks', () => {
  const graph = tinyQuantized('w4a4s8', { scale: 4, upsampler: 'shuffle', blocks: 2 });
  const image = randomImage(1, 6, 5);
  const quantizers = graph.nodes.filter(({ op }) => op === 'quantize').map(({ name }) => name);
  const convs = graph.nodes.filter(({ op }) => op === 'conv2d').map(({ name }) => name);

  it('in float show what each quantizer would see, and nothing else', () => {
    const seen: string[] = [];
    run(graph, calibratedParams(graph, 1), image, 'float', {
      onInput: ({ name }, { scale }) => seen.push(scale === null ? name : 'scaled'),
      onQuantize: () => seen.push('quantize'),
      onConv: () => seen.push('conv'),
    });
    expect(seen).toEqual(quantizers);
  });

  it('quantized show levels of the grid, and the integers of each convolution', () => {
    const [seen, seenConvs]: [string[], string[]] = [[], []];
    run(graph, calibratedParams(graph, 1), image, 'quantized', {
      onInput: () => seen.push('input'),
      onQuantize: ({ name, spec }, _input, { value }) => {
        const [low, high] = spec.signed ? [-(2 ** (spec.bits - 1)), 2 ** (spec.bits - 1) - 1] : [0, 2 ** spec.bits - 1];
        expect(value.dataSync().every((q) => Number.isInteger(q) && q >= low && q <= high)).toBe(true);
        seen.push(name);
      },
      onConv: ({ name }, weights, bias) => {
        expect(weights?.value.dataSync().every((q) => Number.isInteger(q) && Math.abs(q) <= 7)).toBe(true);
        expect(bias.dataSync().every(Number.isInteger)).toBe(true);
        seenConvs.push(name);
      },
    });
    expect(seen).toEqual(quantizers);
    expect(seenConvs).toEqual(convs);
  });

  describe('behind feature maps that the plan leaves in float', () => {
    const { roles, overrides } = planFromPreset('w8a8s8');
    const onlyWeights = { name: 'w8', roles: { ...roles, activations: null, skips: null }, overrides };
    const graph = tinyQuantized(onlyWeights, { blocks: 2 });

    it('rounds no bias', () => {
      const params = calibratedParams(graph, 1);
      run(graph, params, image, 'quantized', {
        onConv: ({ name }, weights, bias) => {
          const step = weights?.scale?.dataSync() as Float32Array;
          const real = bias.dataSync().map((value, i) => value * (step[i] as number));
          const given = params.get(`${name}.bias`) as Float32Array;
          const apart = Math.max(...real.map((value, i) => Math.abs(value - (given[i] as number))));
          // Behind the image, which is integers, half a step.
          if (name === 'head') expect(apart).toBeGreaterThan(1e-4);
          else expect(apart).toBeLessThan(1e-5);
        },
      });
    });

    it('quantizes weights as they were calibrated', () => {
      const params = calibratedParams(graph, 1);
      const float = run(graph, params, image, 'float');
      const own = run(graph, params, image, 'quantized');
      const squares = own.map((value, i) => (value - Math.min(255, Math.max(0, float[i] as number))) ** 2);
      expect(Math.sqrt(squares.reduce((a, b) => a + b, 0) / squares.length)).toBeLessThan(1);
    });
  });

  it('computes the step of a shared grid once, so that an add sees one tensor', () => {
    const scales = new Map<string, Set<unknown>>();
    run(graph, calibratedParams(graph, 1), image, 'quantized', {
      onQuantize: ({ quantizer }, _input, { scale }) => {
        scales.set(quantizer, (scales.get(quantizer) ?? new Set()).add(scale));
      },
    });
    expect([...scales.values()].every(({ size }) => size === 1)).toBe(true);
  });

  it('leaks no tensors', () => {
    const params = calibratedParams(graph, 1);
    const before = tf.memory().numTensors;
    for (const mode of ['float', 'quantized'] as const) run(graph, params, image, mode);
    expect(tf.memory().numTensors).toBe(before);
  });
});
