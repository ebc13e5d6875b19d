/** The published networks with random weights, for benchmarks. */
import type { IntegerModel } from '../src/model.js';
import { imageGrid, levels, modelBuilder } from '../test/models.js';

/** Features of both networks. */
const FEATURES = 64;
const BLOCKS = 16;

/** Bits of weights, activations and skips. */
export interface Widths {
  readonly weightBits: number;
  readonly bits: number;
  readonly skipBits: number;
}

/** EDSR-baseline x4: 16 blocks of 64 features, two shuffles by 2; 1,983,168 multiply-adds for each pixel of the input. */
export function edsrBaseline(widths: Widths): IntegerModel {
  return residualNetwork('edsr-baseline', widths, { ends: 3, isPrelu: false });
}

/** SRResNet x4: the same trunk with PReLU, first and last convolution 9x9, three shuffled or plain layers with PReLU beside the blocks. */
export function srResNet(widths: Widths): IntegerModel {
  return residualNetwork('srresnet', widths, { ends: 9, isPrelu: true });
}

interface Shape {
  /** Kernel of the first and last convolution. */
  readonly ends: number;
  readonly isPrelu: boolean;
}

function residualNetwork(name: string, { weightBits, bits, skipBits }: Widths, { ends, isPrelu }: Shape): IntegerModel {
  const b = modelBuilder(1);
  const skip = levels(skipBits, true);
  const act = levels(bits, true);
  const positive = levels(bits, false);
  /** Brings random sums of `count` products to the width of the next grid. */
  const gain = (count: number, inputBits: number, outBits: number) =>
    2 ** (outBits - inputBits - weightBits + 1) / Math.sqrt(count);
  const conv = (node: string, input: string, io: readonly [number, number], side = 3) =>
    b.conv2d(node, input, io, { bits: weightBits, kernel: [side, side] });
  const requantize = (node: string, input: string, channels: number, factor: number, grid = act) =>
    b.requantize(node, input, { factor, channels, grid });
  const activation = (node: string, input: string, channels: number, factor: number) => {
    if (!isPrelu) return b.requantize(node, input, { factor, channels, grid: positive, relu: true });
    requantize(node, input, channels, factor);
    prelus.push(node);
    return node;
  };
  const prelus: string[] = [];
  const inner = 9 * FEATURES;
  conv('head', b.input(), [3, FEATURES], ends);
  if (isPrelu) prelus.push('head.skip', 'head.act');
  let trunk = requantize('head.skip', 'head', FEATURES, gain(3 * ends ** 2, 8, skipBits), skip);
  let acts = requantize('head.act', 'head', FEATURES, gain(3 * ends ** 2, 8, bits));
  for (let i = 0; i < BLOCKS; i++) {
    const path = `body.${i}`;
    conv(`${path}.conv1`, acts, [FEATURES, FEATURES]);
    activation(`${path}.act1`, `${path}.conv1`, FEATURES, gain(inner, bits, bits));
    conv(`${path}.conv2`, `${path}.act1`, [FEATURES, FEATURES]);
    requantize(`${path}.branch`, `${path}.conv2`, FEATURES, gain(inner, bits, skipBits), skip);
    b.add(`${path}.add`, `${path}.branch`, trunk);
    if (i < BLOCKS - 1) trunk = requantize(`${path}.skip`, `${path}.add`, FEATURES, 0.7, skip);
    acts = requantize(`${path}.act`, `${path}.add`, FEATURES, 2 ** (bits - skipBits));
  }
  conv('last', acts, [FEATURES, FEATURES]);
  requantize('last.branch', 'last', FEATURES, gain(inner, bits, skipBits), skip);
  b.add('long', 'last.branch', 'head.skip');
  acts = requantize('long.act', 'long', FEATURES, 2 ** (bits - skipBits));
  for (const stage of ['up1', 'up2']) {
    conv(stage, acts, [FEATURES, 4 * FEATURES]);
    const factor = gain(inner, bits, bits);
    const after = isPrelu
      ? activation(`${stage}.act`, stage, 4 * FEATURES, factor)
      : requantize(`${stage}.act`, stage, 4 * FEATURES, factor);
    acts = b.pixelShuffle(`${stage}.shuffle`, after, 2, 'dcr');
  }
  conv('tail', acts, [FEATURES, 3], ends);
  b.output(requantize('tail.image', 'tail', 3, gain(FEATURES * ends ** 2, bits, 8), imageGrid));
  const model = b.build(4, `${name}-x4-w${weightBits}a${bits}s${skipBits}`);
  const slopes = prelus.map((node) => [node, b.tensors[`${node}.multiplier`]] as const);
  const negative = (node: string) => ({ multiplier: `${node}.slope`, shift: `${node}.slopeShift` });
  return {
    ...model,
    nodes: model.nodes.map((node) => (prelus.includes(node.name) ? { ...node, negative: negative(node.name) } : node)),
    tensors: {
      ...model.tensors,
      // A slope of a quarter.
      ...Object.fromEntries(slopes.map(([node, values]) => [`${node}.slope`, Int32Array.from(values as Int32Array)])),
      ...Object.fromEntries(
        slopes.map(([node]) => [
          `${node}.slopeShift`,
          (b.tensors[`${node}.shift`] as Uint8Array).map((shift) => shift + 2),
        ]),
      ),
    },
  };
}
