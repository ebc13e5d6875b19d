import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomBatch } from '../../test/networks.js';
import type { NodeOf } from '../graph.js';
import { buildGraph, modelByName } from '../models/registry.js';
import { type Params, toTensors } from '../params.js';
import { forward } from '../passes/forward.js';
import { initParams } from '../passes/init.js';
import { conjugateGradients } from './conjugate-gradients.js';
import { withImageSkip } from './image-skip.js';
import { enlargement, linearEnd, reachOf, responsesOf } from './linear-end.js';
import { multiply } from './matrix.js';

beforeAll(async () => {
  await useBackend('wasm');
});

const networkOf = (name: string, scale: number) => {
  const model = modelByName(name, scale);
  return { model, graph: buildGraph(model), params: initParams(buildGraph(model), 5) };
};

/** Root mean square of the difference of two networks where the border is `margin` low-resolution pixels away. */
function apart(
  a: { readonly graph: ReturnType<typeof buildGraph>; readonly params: Params },
  b: typeof a,
  margin: number,
): number {
  const { lr } = randomBatch(9, a.graph.scale, 20);
  return tf.tidy(() => {
    const [x, y] = [a, b].map(({ graph, params }) => {
      const image = tf.tensor4d(lr, [2, 20, 20, 3]);
      const made = forward(graph, image, { params: toTensors(graph, params), mode: 'float' });
      const [cut, side] = [margin * graph.scale, (20 - 2 * margin) * graph.scale];
      return tf.slice(made, [0, cut, cut, 0], [2, side, side, 3]);
    }) as [tf.Tensor4D, tf.Tensor4D];
    return Math.sqrt(tf.mean(tf.squaredDifference(x, y)).dataSync()[0] as number);
  });
}

describe('withImageSkip', () => {
  for (const [name, scale] of [
    ['edsr-f12b1', 2],
    ['edsr-f6b1-shuffle', 2],
    ['edsr-f6b1-shuffle', 3],
    ['edsr-f6b1-shuffle', 4],
  ] as const) {
    it(`states how far ${name} x${scale} is from what it was`, () => {
      const { model, graph, params } = networkOf(name, scale);
      // The same patches that are compared: random pixels, whose moments few patches do not tell.
      const made = withImageSkip({ model, params }, [randomBatch(9, scale, 20)]);
      const other = { graph: buildGraph(made.model), params: made.params };
      expect(made.model.name).toBe(`${name}-bilinear`);
      expect(buildGraph(modelByName(made.model.name, scale))).toEqual(other.graph);
      const reach = reachOf(linearEnd(other.graph)) + 1;
      expect(apart({ graph, params }, other, reach)).toBeCloseTo(made.error, 3);
      expect(made.share).toBeGreaterThan(0);
      expect([...made.params.keys()].filter((key) => !params.has(key))).toEqual(['head.skip.weight', 'head.skip.bias']);
    });
  }

  it('refuses other networks and small patches', () => {
    const { model, params } = networkOf('edsr-f8b1', 2);
    const skipped = withImageSkip({ model, params }, [randomBatch(1, 2, 5)]);
    expect(() => withImageSkip(skipped, [randomBatch(1, 2, 5)])).toThrow(
      '[sr-models] withImageSkip: network must be an EDSR without an image skip, got edsr-f8b1-bilinear',
    );
    const other = networkOf('msrresnet-f8b1', 2);
    expect(() => withImageSkip(other, [randomBatch(1, 2, 5)])).toThrow('got msrresnet-f8b1');
    expect(() => withImageSkip({ model, params }, [randomBatch(1, 2, 4)])).toThrow('of 5x5 or more, got 4x4');
    expect(() => withImageSkip({ model, params }, [])).toThrow('got none');
  });
});

describe('linear maps', () => {
  it('gives an enlargement whose responses to a pixel are the weights of bilinear interpolation', () => {
    const { reach, channels, outputs, values } = responsesOf(
      enlargement(buildGraph(modelByName('edsr-f8b1-bilinear', 2))),
      new Map(),
    );
    expect({ reach, channels, outputs }).toEqual({ reach: 1, channels: 3, outputs: 12 });
    // Its own pixel enlarged: 9/16 of it in each subpixel, red to red alone.
    const own = values.slice(4 * 3 * 12, 4 * 3 * 12 + 12);
    expect([...own]).toEqual([9, 0, 0, 9, 0, 0, 9, 0, 0, 9, 0, 0].map((x) => x / 16));
    // All that a pixel gives is as much as its four subpixels take.
    expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(3 * 4, 6);
  });

  it('reads the stream where the upsampler does', () => {
    const { nodes } = linearEnd(buildGraph(modelByName('edsr-f8b1-shuffle-bilinear', 4)));
    expect(nodes.map(({ name }) => name)).toEqual([
      'body.add',
      'up.0.conv',
      'up.0.shuffle',
      'up.1.conv',
      'up.1.shuffle',
      'tail',
      'output',
    ]);
    expect((nodes[0] as NodeOf<'input'>).channels).toBe(8);
  });
});

describe('conjugateGradients', () => {
  it('solves, and of several solutions gives the smallest', () => {
    const matrix = Float64Array.of(4, 1, 0, 1, 3, 0, 0, 0, 0);
    const rounds: number[] = [];
    const solver = { tolerance: 1e-12, rounds: 10 };
    const apply = (x: Float64Array) => multiply(matrix, x, 3, 3, 1);
    const found = conjugateGradients(apply, Float64Array.of(1, 2, 0), solver, (done) => rounds.push(done));
    for (const [at, value] of [1 / 11, 7 / 11, 0].entries()) expect(found[at]).toBeCloseTo(value, 12);
    expect(rounds.at(-1)).toBe(1);
    expect(rounds).toEqual(rounds.toSorted((a, b) => a - b));
  });

  it('ends where nothing is asked', () => {
    expect([...conjugateGradients((x) => x, new Float64Array(2), { tolerance: 0, rounds: 5 })]).toEqual([0, 0]);
  });
});
