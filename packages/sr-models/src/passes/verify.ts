/** The verification pass: the integer model against the fake-quantized graph, layer by layer, on a real image. */
import * as tf from '@tensorflow/tfjs';
import { ModelError } from '../error.js';
import type { Graph, GraphNode } from '../graph.js';
import { type Params, toTensors } from '../params.js';
import { forward } from './forward.js';
import { storedGrid, storedLevel } from './stored-grid.js';

/** How far the levels of one tensor are apart. */
export interface LayerAgreement {
  readonly tensor: string;
  readonly samples: number;
  /** Samples whose levels differ. */
  readonly different: number;
  /** Largest distance in levels. */
  readonly largest: number;
}

/** The tolerance of the integer contract: one level, on one sample in a thousand. */
export const tolerance = { levels: 1, share: 0.001 } as const;

/** An RGB image of 8 bits, interleaved. */
export interface ImageBytes {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** An integer run of the lowered network on the same image, which shows every stored tensor, NHWC levels by node name, and returns the image. */
export type IntegerRun = (tap: (name: string, levels: ArrayLike<number>) => void) => ImageBytes;

/**
 * Runs both on one image and compares every tensor that a quantizer made, in the order of the network, and the resulting image (under the name of
 * the output node). Differences add up along the way: each side feeds itself.
 *
 * @throws ModelError when the run does not show every tensor of the graph at its size
 *
 * @example
 * verify(graph, params, image, (tap) => runModel(lower(graph, params), image, { tap }));
 */
export function verify(graph: Graph, params: Params, image: ImageBytes, run: IntegerRun): readonly LayerAgreement[] {
  const expected = new Map<string, Float32Array>();
  const output = (graph.nodes.at(-1) as GraphNode).name;
  const upscaled = tf.tidy(() => {
    const pixels = tf.tensor4d(Float32Array.from(image.data), [1, image.height, image.width, 3]);
    const result = forward(graph, pixels, {
      params: toTensors(graph, params),
      mode: 'exact',
      onQuantize: (node, _input, { value }, { zeroPoint }) => {
        const stored = storedGrid(node.spec, zeroPoint?.dataSync()[0] ?? 0);
        expected.set(
          node.name,
          Float32Array.from(value.dataSync(), (steps) => storedLevel(steps, stored)),
        );
      },
    });
    return Float32Array.from(result.dataSync());
  });
  const agreement: LayerAgreement[] = [];
  const { data } = run((name, levels) => {
    const other = expected.get(name);
    if (other) agreement.push(compare(name, levels, other));
  });
  if (agreement.length !== expected.size) {
    throw new ModelError(
      'verify',
      `run must show all ${expected.size} stored tensors, got ${agreement.length}`,
      'run the model that was lowered from this very graph',
    );
  }
  return [...agreement, compare(output, data, upscaled)];
}

/** Whether every tensor lies within {@link tolerance}. */
export function agrees(layers: readonly LayerAgreement[]): boolean {
  return layers.every(
    ({ samples, different, largest }) => largest <= tolerance.levels && different <= samples * tolerance.share,
  );
}

function compare(tensor: string, levels: ArrayLike<number>, expected: Float32Array): LayerAgreement {
  if (levels.length !== expected.length) {
    throw new ModelError(
      'verify',
      `${tensor} must have ${expected.length} samples, got ${levels.length}`,
      'run the model that was lowered from this very graph, on the same image',
    );
  }
  let different = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const apart = Math.abs((levels[i] as number) - (expected[i] as number));
    const distance = Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart;
    if (distance > 0) different++;
    if (distance > largest) largest = distance;
  }
  return { tensor, samples: expected.length, different, largest };
}
