/** How an image of 8 bits is the sum of two parts of 8 bits, to the grey level: an enlargement, and what a network adds to it. */
import { fixedZero } from '@fqsr/quant-core';
import type { PlanSpec } from '@fqsr/quant-core/spec';
import type { GraphNode } from './graph.js';

/** The grid of both parts: levels 0..255 of step 1 for -64..191. */
export const imagePartSpec = {
  bits: 8,
  signed: false,
  affine: true,
  quantizer: 'fixed',
} as const satisfies PlanSpec;

/**
 * What an enlargement of `x - mean` leaves out, so that it is the image less 64: -64..191. The network adds as much, and so may go from 128 levels below the enlargement to 127 above it.
 *
 * @param mean what the input takes off each channel
 */
function imagePart(mean: readonly number[]): readonly number[] {
  return mean.map((levels) => fixedZero(imagePartSpec.bits) - levels);
}

/**
 * The nodes that add what a network makes to a bilinear enlargement of its input; the last of them, `tail.add`, is the image.
 *
 * @param made the node of the network's own part
 * @param mean what the input takes off each channel
 */
export function addedToEnlargement(made: string, scale: number, mean: readonly number[]): readonly GraphNode[] {
  return [
    { op: 'bilinear', name: 'base', input: 'input', channels: 3, factor: scale, offset: imagePart(mean) },
    { op: 'pixelShuffle', name: 'base.shuffle', input: 'base', factor: scale, order: 'dcr' },
    { op: 'add', name: 'tail.add', inputs: ['base.shuffle', made] },
  ];
}

/** Whether a network makes the image itself (`none`), or what is to be added to a bilinear enlargement of its input. */
export type ImageSkip = 'none' | 'bilinear';

/**
 * The configuration that a name stands for: as `plain` says, or with an image skip where the name of a network without one has `-bilinear` behind it.
 *
 * @param plain the configuration of a name without that ending, `null` where there is none
 */
export function parsedWithImageSkip<Config extends { readonly imageSkip: ImageSkip }>(
  name: string,
  plain: (name: string) => Config | null,
): Config | null {
  const base = name.replace(/-bilinear$/, '');
  const config = plain(base);
  return config && base !== name ? { ...config, imageSkip: 'bilinear' } : config;
}
