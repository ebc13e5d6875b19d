/**
 * A bench for widths: one network, its float outputs on some images, and its parameters calibrated at every width, so that any mix of widths is one
 * forward pass.
 */

import { real } from '@fqsr/quant-core';
import { planFromPreset, type QuantPlan, type QuantSpec } from '@fqsr/quant-core/spec';
import * as tf from '@tensorflow/tfjs';
import { applyCalibration, createObservers, observe } from '../calibrate.js';
import { ModelError } from '../error.js';
import type { Graph } from '../graph.js';
import { type Params, type ParamTensors, toTensors } from '../params.js';
import { forward } from '../passes/forward.js';
import { quantizables } from '../passes/parameters.js';
import { quantizeGraph } from '../passes/quantize.js';

/** What a width can be chosen for: weights of a convolution, its input, or both inputs of an add. */
export interface Tensor {
  readonly role: 'weights' | 'activations' | 'skips';
  /** The node that owns it, as a plan names it. */
  readonly node: string;
  /** Prefix of its quantizer's parameters. */
  readonly key: string;
}

/** Low-resolution images of one size. */
export interface ImageBatch {
  readonly images: number;
  readonly height: number;
  readonly width: number;
  /** NHWC, RGB, 0..255. */
  readonly data: Float32Array;
}

/** What every measurement starts from: all of it at 8 bits. */
export const basePlan: QuantPlan = planFromPreset('w8a8s8');

/** Measures mixes of widths. It holds tensors: dispose it. */
export interface Bench {
  readonly tensors: readonly Tensor[];
  readonly widths: readonly number[];
  /** Mean squared difference of the image from the float network's, in squared grey levels, with each tensor at its width; 8 bits where none is given. */
  readonly mse: (widthOf: (tensor: Tensor) => number) => number;
  readonly dispose: () => void;
}

/**
 * Sets a bench up: one float pass that observers watch, one calibration for each width.
 *
 * @param graph a float graph without batch normalisation
 * @param widths bits, 2 to 8, 8 among them
 */
export function createBench(
  graph: Graph,
  params: Params,
  batch: ImageBatch,
  widths: readonly number[],
  calibration: string,
): Bench {
  if (!widths.includes(8) || widths.some((bits) => !Number.isInteger(bits) || bits < 2 || bits > 8)) {
    throw new ModelError('createBench', `widths must be whole, 2 to 8, with 8 among them, got ${widths}`, 'add 8');
  }
  const base = quantizeGraph(graph, basePlan);
  const images = tf.tensor4d(batch.data, [batch.images, batch.height, batch.width, 3]);
  const observers = createObservers(base, calibration);
  const floats = toTensors(graph, params);
  const reference = tf.tidy(() => {
    // Quantizers pass reals through in float; only their inputs are watched.
    return forward(base, images, {
      params: floats,
      mode: 'float',
      onInput: ({ quantizer }, input) => {
        const own = observers.get(quantizer);
        if (own) observe(own, real(input));
      },
    });
  });
  tf.dispose([...floats.values()]);
  const calibrated = new Map<number, ParamTensors>(
    widths.map((bits) => {
      const uniform = quantizeGraph(graph, planFromPreset(`w${bits}a${bits}s${bits}`));
      return [bits, toTensors(uniform, applyCalibration(uniform, params, calibration, observers))];
    }),
  );
  const tensors = tensorsOf(base);
  return {
    tensors,
    widths,
    mse: (widthOf) => {
      const own = new Map(calibrated.get(8));
      for (const tensor of tensors) take(own, calibrated.get(widthOf(tensor)) as ParamTensors, tensor.key);
      const mixed = withWidths(base, new Map(tensors.map((tensor) => [tensor.key, widthOf(tensor)])));
      return tf.tidy(() => {
        const output = forward(mixed, images, { params: own, mode: 'exact' });
        return tf.mean(tf.square(tf.sub(output, tf.clipByValue(reference, 0, 255)))).dataSync()[0] as number;
      });
    },
    dispose: () => tf.dispose([images, reference, ...[...calibrated.values()].flatMap((all) => [...all.values()])]),
  };
}

function tensorsOf(base: Graph): readonly Tensor[] {
  return quantizables(base).flatMap(({ key, node }): readonly Tensor[] => {
    if (node.op === 'conv2d') return [{ role: 'weights', node: node.name, key }];
    if (node.role !== 'activations' && node.role !== 'skips') return [];
    return [{ role: node.role, node: key.slice(0, key.lastIndexOf('.')), key }];
  });
}

/** Puts the quantizer of a key as another width has it. */
function take(into: Map<string, tf.Tensor>, from: ParamTensors, key: string): void {
  for (const [name, tensor] of from) {
    if (name.startsWith(`${key}.`) && name.lastIndexOf('.') === key.length) into.set(name, tensor);
  }
}

/** A quantized graph with other widths, by the keys of its quantizers. */
function withWidths(graph: Graph, widthOf: ReadonlyMap<string, number>): Graph {
  const at = (spec: QuantSpec, key: string): QuantSpec => ({ ...spec, bits: widthOf.get(key) ?? spec.bits });
  const nodes = graph.nodes.map((node) => {
    if (node.op === 'quantize') return { ...node, spec: at(node.spec, node.quantizer) };
    if (node.op === 'conv2d' && node.weights) return { ...node, weights: at(node.weights, `${node.name}.weight`) };
    return node;
  });
  return { ...graph, nodes };
}
