/**
 * What a convolution reads and adds: zero points of padding, and the bias that makes up for them.
 *
 * ONNX pads with one zero point. The image has one for each channel, so it is padded beforehand, each channel with its own, convolved with zero point 0, and the
 * bias takes what that adds: `sum (q - z) * w = sum q * w - sum z * w`. Where a convolution repeats the pixels of the border, its input is padded beforehand too.
 */
import type { Conv2dNode } from '@fqsr/runtime/format';
import type { Builder } from './builder.js';
import { type Exporting, type Levels, levelsOf, share, tensorOf } from './levels.js';

/** A convolution's operands. */
export interface ConvInput {
  readonly levels: Levels;
  /** Top, left, bottom, right. */
  readonly pads: readonly number[];
  /** OIHW. */
  readonly weights: Int16Array;
  /** One for each output channel. */
  readonly bias: Int32Array;
}

/** Operands of a convolution; the padded image is made once for all readers of one kernel size. */
export function convInput(exporting: Exporting, conv: Conv2dNode): ConvInput {
  const { kernel, inChannels, outChannels } = conv;
  const levels = levelsOf(exporting, conv.input);
  const weights = toOihw(tensorOf(exporting, conv.weight), conv);
  const bias = Int32Array.from(tensorOf(exporting, conv.bias));
  const [top, left] = [(kernel[0] - 1) / 2, (kernel[1] - 1) / 2];
  const isEdge = conv.padding === 'edge';
  const pads = isEdge ? [0, 0, 0, 0] : [top, left, top, left];
  const place = `${levels.tensor} ${isEdge ? 'repeated' : 'padded'} by ${top}, ${left}`;
  const repeated = () => ({
    ...levels,
    tensor: share(exporting, place, () => repeatEdges(exporting.builder, levels, top, left)),
  });
  if (levels.zeros.every((zero) => zero === levels.zeros[0])) {
    return { levels: isEdge ? repeated() : levels, pads, weights, bias };
  }
  const taps = kernel[0] * kernel[1];
  for (let o = 0; o < outChannels; o++) {
    for (let i = 0; i < inChannels; i++) {
      const start = (o * inChannels + i) * taps;
      const sum = weights.subarray(start, start + taps).reduce((a, b) => a + b, 0);
      bias[o] = (bias[o] as number) - sum * (levels.zeros[i] as number);
    }
  }
  const padded = isEdge
    ? repeated().tensor
    : share(exporting, place, () => padChannels(exporting.builder, levels, top, left));
  return { levels: { ...levels, tensor: padded, zeros: [0] }, pads: [0, 0, 0, 0], weights, bias };
}

/** The nearest pixels around, whatever the zero points. */
function repeatEdges(builder: Builder, { tensor }: Levels, top: number, left: number): string {
  const pads = builder.constant(`${tensor}.edges`, 'int64', [8], [0, 0, top, left, 0, 0, top, left]);
  return builder.node('Pad', `${tensor}.repeated`, [tensor, pads], { mode: 'edge' });
}

function padChannels(builder: Builder, { tensor, zeros }: Levels, top: number, left: number): string {
  const channels = builder.split(
    'Split',
    zeros.map((_, i) => `${tensor}.channel${i}`),
    [tensor],
    { axis: 1, num_outputs: zeros.length },
  );
  const pads = builder.constant(`${tensor}.pads`, 'int64', [8], [0, 0, top, left, 0, 0, top, left]);
  const padded = channels.map((channel, i) =>
    builder.node('Pad', `${channel}.padded`, [channel, pads, builder.scalar('uint8', zeros[i] as number)]),
  );
  return builder.node('Concat', `${tensor}.padded`, padded, { axis: 1 });
}

function toOihw(ohwi: ArrayLike<number>, { kernel, inChannels, outChannels }: Conv2dNode): Int16Array {
  const taps = kernel[0] * kernel[1];
  const out = new Int16Array(ohwi.length);
  for (let o = 0; o < outChannels; o++) {
    for (let tap = 0; tap < taps; tap++) {
      for (let i = 0; i < inChannels; i++) {
        out[(o * inChannels + i) * taps + tap] = ohwi[(o * taps + tap) * inChannels + i] as number;
      }
    }
  }
  return out;
}
