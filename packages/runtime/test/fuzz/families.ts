/** The valid models that the fuzz begins with: one of each family, small, so that a run takes well under a millisecond. */
import { deriveMultiplier } from '@fqsr/quant-core/spec';
import type { FactorKeys, IntegerModel, IntegerTensor, LookupTable, RequantizeNode } from '../../src/model.js';
import { edsr, imageGrid, levels, midrise, modelBuilder } from '../models.js';

/** More fields of one `requantize` node, and what they name. */
interface Addition {
  readonly node: string;
  readonly fields: { readonly negative?: FactorKeys; readonly table?: LookupTable };
  readonly tensors: Readonly<Record<string, IntegerTensor>>;
}

function extended(model: IntegerModel, additions: readonly Addition[]): IntegerModel {
  const fields = new Map(additions.map(({ node, fields }) => [node, fields]));
  return {
    ...model,
    nodes: model.nodes.map((node) =>
      node.op === 'requantize' ? ({ ...node, ...fields.get(node.name) } satisfies RequantizeNode) : node,
    ),
    tensors: Object.assign({}, model.tensors, ...additions.map(({ tensors }) => tensors)),
  };
}

/** A PReLU: slopes of both signs, and 0. */
function slopes(node: string, factors: readonly number[]): Addition {
  const negative = { multiplier: `${node}.negative`, shift: `${node}.negativeShift` };
  const fixed = factors.map((factor) => ({ ...deriveMultiplier(Math.abs(factor) || 1), sign: Math.sign(factor) }));
  return {
    node,
    fields: { negative },
    tensors: {
      [negative.multiplier]: Int32Array.from(fixed, ({ multiplier, sign }) => multiplier * sign),
      [negative.shift]: Uint8Array.from(fixed, ({ shift }) => shift),
    },
  };
}

/** SRResNet: a 9x9 head, PReLUs, skips with a step for each channel, DCR shuffles; its image from a clamp, or from a table in the shape of tanh. */
function srresnet(seed: number, output: 'linear' | 'tanh'): IntegerModel {
  const b = modelBuilder(seed);
  const skip = { ...levels(8, true), scale: [0.5, 0.25, 1, 0.125] };
  b.conv2d('head', b.input(), [3, 4], { bits: 6, kernel: [9, 9] });
  b.requantize('head.skip', 'head', { factor: 1 / 900, channels: 4, grid: skip });
  b.requantize('head.act', 'head', { factor: 1 / 4000, channels: 4, grid: levels(4, true) });
  b.conv2d('body', 'head.act', [4, 4], { bits: 4 });
  b.requantize('body.prelu', 'body', { factor: 1 / 9, channels: 4, grid: levels(4, true, -2) });
  b.conv2d('body.2', 'body.prelu', [4, 4], { bits: 4 });
  b.requantize('body.branch', 'body.2', { factor: 1 / 2, channels: 4, grid: skip });
  b.add('body.sum', 'body.branch', 'head.skip');
  b.requantize('up.in', 'body.sum', { factor: 1 / 12, channels: 4, grid: levels(5, true) });
  b.conv2d('up', 'up.in', [4, 12], { bits: 3 });
  b.requantize('up.prelu', 'up', { factor: 1 / 5, channels: 1, grid: levels(4, false, 3) });
  b.pixelShuffle('up.shuffle', 'up.prelu', 2, 'dcr');
  b.conv2d('tail', 'up.shuffle', [3, 3], { bits: 8, kernel: [9, 9] });
  b.output(
    b.requantize('image8', 'tail', { factor: output === 'tanh' ? 1 / 80 : 1 / 40, channels: 3, grid: imageGrid }),
  );
  const additions = [slopes('body.prelu', [0.02, -0.01, 0, 0.3]), slopes('up.prelu', [0.05])];
  const low = -192;
  const table = {
    node: 'image8',
    fields: { table: { levels: 'image8.table', low } },
    tensors: {
      'image8.table': Uint8Array.from({ length: -2 * low + 1 }, (_, i) =>
        Math.round(127.5 + 127.5 * Math.tanh((i + low) / 64)),
      ),
    },
  };
  return extended(b.build(2, `srresnet-${output}`), output === 'tanh' ? [...additions, table] : additions);
}

/** Every grid mid-rise: weights, activations and skips. */
function oddEdsr(seed: number): IntegerModel {
  const b = modelBuilder(seed);
  b.conv2d('head', b.input(), [3, 4], { bits: 3, odd: true });
  b.requantize('head.skip', 'head', { factor: 1 / 300, channels: 4, grid: midrise(6, true) });
  b.requantize('head.act', 'head', { factor: 1 / 2000, grid: midrise(3, true) });
  b.conv2d('body', 'head.act', [4, 4], { bits: 1, odd: true });
  b.requantize('body.prelu', 'body', { factor: 1 / 9, channels: 4, grid: midrise(4, true) });
  b.conv2d('body.2', 'body.prelu', [4, 4], { bits: 2, odd: true });
  b.requantize('body.branch', 'body.2', { factor: 1 / 2, channels: 4, grid: midrise(6, true) });
  b.add('sum', 'body.branch', 'head.skip');
  b.requantize('tail.in', 'sum', { factor: 1 / 16, grid: midrise(4, false) });
  b.conv2d('tail', 'tail.in', [4, 12], { bits: 4, odd: true });
  b.requantize('image8', 'tail', { factor: 1 / 8, channels: 12, grid: imageGrid });
  b.output(b.pixelShuffle('shuffle', 'image8', 2));
  return extended(b.build(2, 'midrise'), [slopes('body.prelu', [0.02, -0.01, 0, 0.3])]);
}

/** By name. */
export const families: Readonly<Record<string, IntegerModel>> = {
  edsr: edsr({ seed: 1, features: 4, blocks: 1 }),
  // 16 channels: WASM computes them by Winograd.
  'edsr-winograd': edsr({ seed: 2, features: 16, blocks: 1, scale: 2, weightBits: 5, bits: 6 }),
  srresnet: srresnet(3, 'linear'),
  generator: srresnet(4, 'tanh'),
  midrise: oddEdsr(5),
};
