/** The naive run: whole tensors, one loop for each index, `requantize` of quant-core. What the kernels must equal. */
import { clamp, requantize, scaleAccumulator } from '@fqsr/quant-core/spec';
import type { Image } from '../src/image.js';
import type { IntegerModel, IntegerNode } from '../src/model.js';

export interface NaiveTensor {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly values: number[];
  /** For each channel. */
  readonly zeroPoint: readonly number[];
  /** 2 on mid-rise grids. */
  readonly spacing?: 1 | 2;
}

/** The value of every node, accumulators included. */
export function runNaive(model: IntegerModel, image: Image): Map<string, NaiveTensor> {
  const values = new Map<string, NaiveTensor>();
  for (const node of model.nodes) values.set(node.name, evaluate(node, model, values, image));
  return values;
}

function evaluate(
  node: IntegerNode,
  { tensors }: IntegerModel,
  values: Map<string, NaiveTensor>,
  image: Image,
): NaiveTensor {
  const get = (name: string) => values.get(name) as NaiveTensor;
  const constant = (key: string, i: number) => tensors[key]?.[i] as number;
  if (node.op === 'input') {
    const { data, ...size } = image;
    return { ...size, values: [...data], zeroPoint: node.zeroPoint };
  }
  if (node.op === 'output') return get(node.input);
  if (node.op === 'add') {
    const [a, b] = [get(node.inputs[0]), get(node.inputs[1])];
    return build(a, a.channels, (y, x, c) => real(a, y, x, c) + real(b, y, x, c));
  }
  const input = get(node.input);
  if (node.op === 'requantize') {
    const zero = node.grid.zeroPoint;
    const { table } = node;
    return build(
      input,
      input.channels,
      (y, x, c) => {
        const acc = real(input, y, x, c);
        const keys = acc < 0 && node.negative ? node.negative : node;
        const at = tensors[keys.multiplier]?.length === 1 ? 0 : c;
        const factor = { multiplier: constant(keys.multiplier, at), shift: constant(keys.shift, at) };
        if (!table && node.grid.spacing === 2) {
          const odd = { qmin: 2 * (node.qmin - zero) + 1, qmax: 2 * (node.qmax - zero) + 1, spacing: 2 } as const;
          return (requantize(acc, factor, 0, odd) - 1) / 2 + zero;
        }
        if (!table) return requantize(acc, factor, zero, { ...node, spacing: 1 });
        const last = (tensors[table.levels]?.length as number) - 1;
        const level = constant(table.levels, clamp(scaleAccumulator(acc, factor) - table.low, 0, last));
        return clamp(level, node.qmin, node.qmax);
      },
      zero,
      node.grid.spacing,
    );
  }
  if (node.op === 'pixelShuffle') {
    const { factor: f, order } = node;
    const channels = input.channels / (f * f);
    const size = { height: input.height * f, width: input.width * f };
    const zero = input.zeroPoint[0];
    return build(
      size,
      channels,
      (y, x, c) => {
        const sub = (y % f) * f + (x % f);
        const from = order === 'dcr' ? sub * channels + c : c * f * f + sub;
        return at(input, Math.floor(y / f), Math.floor(x / f), from);
      },
      zero,
      input.spacing,
    );
  }
  const [kh, kw] = node.kernel;
  return build(input, node.outChannels, (y, x, o) => {
    let acc = constant(node.bias, o);
    for (let ky = 0; ky < kh; ky++) {
      for (let kx = 0; kx < kw; kx++) {
        const place = [y + ky - (kh - 1) / 2, x + kx - (kw - 1) / 2] as const;
        const [yy, xx] = node.padding === 'edge' ? nearest(input, place) : place;
        const isOutside = yy < 0 || yy >= input.height || xx < 0 || xx >= input.width;
        for (let i = 0; i < node.inChannels; i++) {
          const weight = constant(node.weight, ((o * kh + ky) * kw + kx) * node.inChannels + i);
          acc += (isOutside ? (input.spacing ?? 1) - 1 : real(input, yy, xx, i)) * weight;
        }
      }
    }
    return acc;
  });
}

function build(
  { height, width }: { readonly height: number; readonly width: number },
  channels: number,
  value: (y: number, x: number, c: number) => number,
  zero = 0,
  spacing: 1 | 2 = 1,
): NaiveTensor {
  const values: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) for (let c = 0; c < channels; c++) values.push(value(y, x, c));
  }
  return { height, width, channels, values, zeroPoint: new Array<number>(channels).fill(zero), spacing };
}

function nearest({ height, width }: NaiveTensor, [y, x]: readonly [number, number]): readonly [number, number] {
  return [clamp(y, 0, height - 1), clamp(x, 0, width - 1)];
}

function at({ width, channels, values }: NaiveTensor, y: number, x: number, c: number): number {
  return values[(y * width + x) * channels + c] as number;
}

/** The value of a level: `q - z`, or `2 * (q - z) + 1`; accumulators have zero point 0. */
function real(tensor: NaiveTensor, y: number, x: number, c: number): number {
  const steps = at(tensor, y, x, c) - (tensor.zeroPoint[c] as number);
  return tensor.spacing === 2 ? 2 * steps + 1 : steps;
}
