/** Calibration without training: observers on a float pass over calibration images. */
import { real } from '@fqsr/quant-core';
import * as tf from '@tensorflow/tfjs';
import { applyCalibration, createObservers, observe } from '../calibrate.js';
import type { Graph } from '../graph.js';
import { type Params, toTensors } from '../params.js';
import { forward } from '../passes/forward.js';
import { parameters } from '../passes/parameters.js';

/** Low-resolution patches in grey levels, NHWC. */
export interface CalibrationBatch {
  readonly lr: Float32Array;
  readonly batchSize: number;
  /** Side of a patch. */
  readonly patchSize: number;
}

/**
 * Parameters with every quantizer of a graph set: from what its tensors take in float on the batches, and from the weights.
 *
 * @param graph a quantized graph
 * @param params of the float network; those of quantizers are replaced
 * @param calibration name of a calibration
 */
export function calibrateGraph(
  graph: Graph,
  params: Params,
  batches: readonly CalibrationBatch[],
  calibration: string,
): Params {
  const observers = createObservers(graph, calibration);
  const complete = new Map(
    parameters(graph).map(({ name, shape }) => [
      name,
      params.get(name) ?? new Float32Array(shape.reduce((a, b) => a * b, 1)),
    ]),
  );
  for (const { lr, batchSize, patchSize } of batches) {
    tf.tidy(() => {
      const images = tf.tensor4d(lr, [batchSize, patchSize, patchSize, 3]);
      forward(graph, images, {
        params: toTensors(graph, complete),
        mode: 'float',
        onInput: ({ quantizer }, input) => {
          const own = observers.get(quantizer);
          if (own) observe(own, real(input));
        },
      });
    });
  }
  return applyCalibration(graph, complete, calibration, observers);
}
