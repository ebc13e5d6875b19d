/** Where the quantizers of a training clip, layer by layer, as they stand in its checkpoint. */
import { join } from 'node:path';
import { useBackend } from '@fqsr/backends';
import { gridOf, levelRange, quantizerByName, scaled } from '@fqsr/quant-core';
import { graphOf, type Params, parseCheckpoint, type QuantizeNode, quantizables } from '@fqsr/sr-models';
import * as tf from '@tensorflow/tfjs';
import { readIfThere } from '../files.js';
import { quantity } from '../table.js';
import { escapeHtml } from './html.js';
import type { RunFolder } from './run-folder.js';
import { type Bar, barTable } from './svg.js';

/** A quantizer of a feature map. */
interface Clip {
  readonly name: string;
  readonly bits: number;
  readonly isSkip: boolean;
  /** The greatest magnitude that it keeps, of all channels the greatest, in the graph's units: grey levels. */
  readonly clip: number;
}

/** A section on one run; empty for one in float, or without a checkpoint. */
export async function clipSection({ name, path, config }: RunFolder): Promise<string> {
  const bytes = config.plan ? await readIfThere(join(path, 'checkpoint.safetensors')) : null;
  if (!bytes) return '';
  // Small work, which must not depend on a GPU.
  await useBackend('wasm');
  const read = parseCheckpoint(bytes);
  const clips = clipsOf(
    read.params,
    quantizables(graphOf(read))
      .map(({ node }) => node)
      .filter(isQuantize),
  );
  const bars = clips.map(
    ({ name: layer, bits, isSkip, clip }): Bar => ({
      name: `${layer} (${bits} bits)`,
      value: clip,
      text: quantity(clip, ''),
      colour: isSkip ? 1 : 0,
    }),
  );
  return `<h3>${escapeHtml(name)}</h3>${barTable(['what it quantizes', 'clips at'], bars)}
<p class="note">The greatest magnitude that each grid holds, in grey levels, at the last checkpoint; of grids per channel the widest. Skips in the second colour.</p>`;
}

function clipsOf(params: Params, nodes: readonly QuantizeNode[]): readonly Clip[] {
  const seen = new Map<string, Clip>();
  for (const { quantizer, spec, role, input } of nodes) {
    if (seen.has(quantizer) || quantizerByName(spec.quantizer).dynamic) continue;
    const clip = tf.tidy(() => {
      const own = Object.keys(quantizerByName(spec.quantizer).params).map((param) => {
        return [param, tf.tensor1d(params.get(`${quantizer}.${param}`) as Float32Array)] as const;
      });
      const { step, scale, zeroPoint } = gridOf(Object.fromEntries(own), spec, scaled(tf.zeros([1, 1])));
      const steps = (scale ?? step ?? tf.ones([1])).dataSync();
      const zeros = zeroPoint?.dataSync() ?? [0];
      const { qmin, qmax } = levelRange(spec);
      const widest = Math.max(...Array.from(zeros, (zero) => Math.max(qmax - zero, zero - qmin)));
      return Math.max(...steps) * widest;
    });
    seen.set(quantizer, { name: input, bits: spec.bits, isSkip: role === 'skips', clip });
  }
  return [...seen.values()];
}

const isQuantize = (node: { readonly op: string }): node is QuantizeNode => node.op === 'quantize';
