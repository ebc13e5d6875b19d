/** The inverse of lowering, as far as structure goes: the graph that an integer model stands for, so that cost and audit read files and graphs alike. */
import { type Granularity, makeSpec, type Role } from '@fqsr/quant-core/spec';
import type { Conv2dNode, IntegerModel, IntegerNode } from '@fqsr/runtime/format';
import { type BilinearNode, type Graph, type GraphNode, makeGraph } from '../graph.js';
import { bilinearTaps } from './bilinear.js';
import { toOhwi } from './layout.js';

/** The quantized graph of an integer model, without parameters. Nodes keep their names; ReLUs are gone, since they are clamps. */
export function raise(model: IntegerModel): Graph {
  return makeGraph({ name: model.name, scale: model.scale, nodes: model.nodes.map((node) => raiseNode(node, model)) });
}

function raiseNode(node: IntegerNode, model: IntegerModel): GraphNode {
  switch (node.op) {
    case 'conv2d': {
      const bilinear = bilinearOf(node, model);
      if (bilinear) return bilinear;
      const { op, name, input, kernel, inChannels, outChannels, weightBits } = node;
      const granularity = weightGranularity(node.name, model);
      const lowest = -(2 ** (weightBits - 1));
      const narrow = weightBits > 1 && !model.tensors[node.weight]?.includes(lowest);
      const weights =
        node.weightSpacing === 2
          ? makeSpec({ bits: weightBits, granularity, grid: 'midrise' })
          : makeSpec({ bits: weightBits, granularity, narrow });
      return { op, name, input, kernel, inChannels, outChannels, weights };
    }
    case 'requantize': {
      const { name, input, grid, qmin } = node;
      const granularity = typeof grid.scale === 'number' ? 'tensor' : 'channel';
      const affine = grid.zeroPoint !== 0;
      const spec =
        grid.spacing === 2
          ? makeSpec({ bits: grid.bits, granularity, grid: 'midrise', signed: affine })
          : makeSpec({
              bits: grid.bits,
              signed: grid.signed,
              affine,
              narrow: !affine && grid.signed && qmin > -(2 ** (grid.bits - 1)),
              granularity,
            });
      return { op: 'quantize', name, input, quantizer: name, role: roleOf(name, model), spec };
    }
    case 'pixelShuffle': {
      const { op, name, input, factor } = node;
      return { op, name, input, factor, order: 'dcr' };
    }
    default:
      return node;
  }
}

/** A convolution that is a bilinear enlargement. */
function bilinearOf(
  { name, input, padding, inChannels, outChannels, weight, bias }: Conv2dNode,
  { nodes, tensors }: IntegerModel,
): BilinearNode | null {
  const factor = Math.sqrt(outChannels / inChannels);
  if (padding !== 'edge' || input !== nodes[0]?.name || ![2, 3, 4].includes(factor)) return null;
  const { weights, unit } = bilinearTaps({ channels: inChannels, factor });
  const [levels, biases] = [tensors[weight], tensors[bias]];
  const expected = toOhwi(weights, 9 * inChannels, outChannels);
  const same = expected.every((value, i) => value === levels?.[i]);
  const offset = Array.from(biases?.subarray(0, inChannels) ?? [], (bias) => (bias === 0 ? 0 : -bias / unit));
  const repeats = biases?.every((bias, o) => bias === -(offset[o % inChannels] as number) * unit);
  if (!same || !repeats || !offset.every(Number.isInteger)) return null;
  return { op: 'bilinear', name, input, channels: inChannels, factor, offset };
}

/** Weights have one step for each channel when their accumulator has; a grid with many steps hides which, and then they have too. */
function weightGranularity(name: string, model: IntegerModel): Granularity {
  const perChannel = model.nodes.some(
    (node) => node.op === 'requantize' && node.input === name && (model.tensors[node.multiplier]?.length ?? 1) > 1,
  );
  return perChannel ? 'channel' : 'tensor';
}

/** What a stored tensor is, by who reads it. */
function roleOf(name: string, model: IntegerModel): Role {
  const reader = model.nodes.find((node) =>
    node.op === 'add' ? node.inputs.includes(name) : 'input' in node && node.input === name,
  );
  if (reader?.op === 'pixelShuffle') return roleOf(reader.name, model);
  if (reader?.op === 'add') return 'skips';
  return reader?.op === 'output' ? 'outputs' : 'activations';
}
