import { QuantAdd } from './add.js';
import { QuantConv2D } from './conv2d.js';
import { QuantDense } from './dense.js';
import { QuantDepthwiseConv2D } from './depthwise-conv2d.js';
import { Quantize } from './quantize.js';

/** All quantized layers by class name. */
export const quantLayers = { QuantConv2D, QuantDepthwiseConv2D, QuantDense, QuantAdd, Quantize } as const;

/** Any quantized layer. */
export type AnyQuantLayer = InstanceType<(typeof quantLayers)[keyof typeof quantLayers]>;

/** Whether a layer of a model is one of these. */
export function isQuantLayer(layer: object): layer is AnyQuantLayer {
  return Object.values(quantLayers).some((kind) => layer instanceof kind);
}
