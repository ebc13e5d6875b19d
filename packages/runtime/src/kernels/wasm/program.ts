/**
 * A model as commands in a machine's memory: constants once, when it is loaded; addresses and sizes of tensors anew for every image.
 */
import type { Layout, PlannedTensor } from '../../layout.js';
import type { AddNode, Conv2dNode, IntegerNode, PixelShuffleNode, RequantizeNode } from '../../model.js';
import type { AccumulatorInfo, LevelsInfo } from '../../validate.js';
import { inputsOf } from '../../validate.js';
import { macsPerPixel } from '../kernel.js';
import { type Algorithm, chooseAlgorithm } from './algorithm.js';
import type { Machine } from './machine.js';
import { channelFactors, groupShifts, roundsHalf, TAIL_BYTES, tailFields } from './tail.js';
import {
  filterTransforms,
  groupsOf,
  packDirect,
  packWinograd,
  packWinograd3,
  partsOf,
  type WeightShape,
} from './weights.js';

/** Where an image's tensors lie. */
export interface Binding {
  readonly width: number;
  readonly height: number;
  addressOf(tensor: PlannedTensor): number;
  /** Rows that are kept of a tensor: row `y` stands at `y % ring`. */
  ringOf(tensor: PlannedTensor): number;
}

/** One kernel's work. */
export interface WasmStep {
  readonly kernel: 'conv2d' | 'add' | 'pixelShuffle';
  readonly node: number;
  /** For people. */
  readonly name: string;
  readonly algorithm: Algorithm | null;
  /** Height and width of what it computes, in units of the image's; a shuffle's source. */
  readonly factor: number;
  /** Rows and columns of a block. */
  readonly rows: number;
  readonly columns: number;
  /** Stored tensors that it reads, with the rows that it needs above and below those it computes. */
  readonly from: readonly { readonly tensor: PlannedTensor; readonly halo: number }[];
  /** Stored tensors that it writes. */
  readonly to: readonly PlannedTensor[];
  /** Multiply-adds or the like for each pixel of the input image. */
  readonly work: number;
  /** Writes addresses and sizes. */
  bind(binding: Binding): void;
}

/** A compiled model. */
export interface Program {
  readonly steps: readonly WasmStep[];
  readonly input: PlannedTensor;
  readonly output: PlannedTensor;
  /** Bytes of a thread's own memory. */
  readonly scratch: number;
  readonly work: number;
}

/** Rows and columns of a block, but for shuffles and some algorithms. */
const ROWS = 4;
const COLUMNS = 64;

/** How a convolution is prepared for an algorithm. */
interface Prepared {
  /** What the kernels call it. */
  readonly number: number;
  /** Input channels are padded to a multiple of this. */
  readonly multiple: number;
  /** Rows and columns of a block. */
  readonly rows: number;
  readonly columns: number;
  /** Packs weights into a machine; their address. */
  pack(machine: Machine, levels: ArrayLike<number>, shape: WeightShape): number;
  /** Bytes that a block needs beside its accumulators: staged values, transformed ones, products; a gap of 64 bytes follows each position's. */
  staged(shape: WeightShape): number;
}

const algorithms: Readonly<Record<Algorithm, Prepared>> = {
  direct: {
    number: 0,
    multiple: 2,
    rows: ROWS,
    columns: COLUMNS,
    pack: (machine, levels, shape) => store(machine, packDirect(levels, shape)),
    // A tile reads 3 pixels past the last column.
    staged: ({ kernel: [kh, kw], padded }) => (ROWS - 1 + kh) * (COLUMNS - 1 + kw + 3) * 2 * padded,
  },
  winograd4: {
    number: 1,
    multiple: 8,
    rows: ROWS,
    columns: COLUMNS,
    pack: (machine, levels, shape) => packWinograd(machine, levels, shape, filterTransforms.winograd4),
    staged: ({ padded }) => 6 * 66 * 2 * padded + 36 * (16 * 2 * padded + 64) + 36 * (16 * 256 + 64),
  },
  winograd3: {
    number: 2,
    multiple: 8,
    rows: 12,
    columns: 48,
    pack: packWinograd3,
    staged: ({ kernel, padded }) => {
      const [ph, pw] = partsOf(kernel);
      const [down, across] = [4 + ph - 1, 16 + pw - 1];
      const pixels = (3 * down + 2) * (3 * across + 2) + 25 * down * across;
      return pixels * 2 * padded + 25 * 64 + 25 * (16 * 256 + 64);
    },
  },
  winograd6: {
    number: 3,
    multiple: 8,
    rows: 6,
    columns: 48,
    pack: (machine, levels, shape) => packWinograd(machine, levels, shape, filterTransforms.winograd6),
    staged: ({ padded }) => 8 * 50 * 2 * padded + 64 * (8 * 2 * padded + 64) + 64 * (8 * 256 + 64),
  },
};

/** Bytes of the accumulators of a block and of a small temporary behind them. */
const BLOCK_BYTES = 6 * 64 * 64 * 4 + 4096;

/** Writes a model's constants and commands into a machine. */
export function compile(layout: Layout, machine: Machine): Program {
  const zeros = machine.allocate(32);
  const compiler: Compiler = { layout, machine, zeros };
  const steps = layout.groups.flatMap(({ head, tails }) => {
    switch (head.op) {
      case 'conv2d':
        return [compileConv2d(head, tails, compiler)];
      case 'add':
        return [compileAdd(head, tails, compiler)];
      case 'pixelShuffle':
        return [compileShuffle(head, compiler)];
      default:
        return [];
    }
  });
  const end = (op: IntegerNode['op']) => layout.groups.find(({ head }) => head.op === op)?.head as IntegerNode;
  return {
    steps: steps.map(({ step }) => step),
    input: tensorOf(end('input').name, layout),
    output: tensorOf(inputsOf(end('output'))[0] as string, layout),
    scratch: Math.ceil(Math.max(...steps.map(({ scratch }) => scratch)) / 64) * 64,
    work: steps.reduce((sum, { step }) => sum + step.work, 0),
  };
}

interface Compiler {
  readonly layout: Layout;
  readonly machine: Machine;
  /** Address of 32 zero bytes. */
  readonly zeros: number;
}

interface Compiled {
  readonly step: WasmStep;
  readonly scratch: number;
}

const sourceFields = {
  levels: 0,
  height: 1,
  width: 2,
  channels: 3,
  padded: 4,
  flip: 5,
  spacing: 6,
  offsets: 7,
  border: 8,
  ring: 9,
  isEdge: 10,
} as const;
const convFields = {
  source: 0,
  weights: 1,
  biases: 2,
  zeros: 3,
  kernelHeight: 4,
  kernelWidth: 5,
  groups: 6,
  algorithm: 7,
  outputs: 8,
  tails: 9,
  tailCount: 10,
} as const;

function tensorOf(name: string, { tensors }: Layout): PlannedTensor {
  return tensors.get(name) as PlannedTensor;
}

/** Writes fields of a struct at `address`. */
function write<Field extends string>(
  machine: Machine,
  address: number,
  fields: Readonly<Record<Field, number>>,
  values: Partial<Record<Field, number>>,
): void {
  const words = machine.words();
  for (const [field, value] of Object.entries(values)) words[address / 4 + fields[field as Field]] = value as number;
}

/** A copy of an array in memory. */
function store(machine: Machine, data: Int16Array | Int32Array | Uint8Array): number {
  const address = machine.allocate(data.byteLength);
  machine.bytes().set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), address);
  return address;
}

interface Source {
  readonly address: number;
  bind(binding: Binding): void;
}

/** A tensor as a source: `v = byte' * spacing - offset` for each channel. */
function compileSource(
  name: string,
  info: LevelsInfo,
  padded: number,
  { layout, machine }: Compiler,
  padding?: Conv2dNode['padding'],
): Source {
  const tensor = tensorOf(name, layout);
  const flip = info.signed ? 128 : 0;
  const { spacing } = info;
  const offsets = new Int16Array(Math.ceil(padded / 8) * 8);
  offsets.set(info.zeroPoint.map((zero) => spacing * (zero + flip) - spacing + 1));
  const address = machine.allocate(44);
  write(machine, address, sourceFields, {
    channels: info.channels,
    padded,
    flip,
    spacing,
    offsets: store(machine, offsets),
    border: spacing - 1,
    isEdge: padding === 'edge' ? 1 : 0,
  });
  return {
    address,
    bind: ({ width, height, addressOf, ringOf }) =>
      write(machine, address, sourceFields, {
        levels: addressOf(tensor),
        ring: ringOf(tensor),
        height: height * info.factor,
        width: width * info.factor,
      }),
  };
}

function compileTails(tails: readonly RequantizeNode[], bound: number, compiler: Compiler): Source {
  const { layout, machine } = compiler;
  const address = machine.allocate(TAIL_BYTES * tails.length);
  for (const [i, node] of tails.entries()) compileTail(node, address + i * TAIL_BYTES, bound, compiler);
  return {
    address,
    bind: ({ width, addressOf, ringOf }) => {
      for (const [i, { name }] of tails.entries()) {
        const tensor = tensorOf(name, layout);
        const values = { to: addressOf(tensor), ring: ringOf(tensor), width: width * tensor.factor };
        write(machine, address + i * TAIL_BYTES, tailFields, values);
      }
    },
  };
}

function compileTail(node: RequantizeNode, address: number, bound: number, { layout, machine }: Compiler): void {
  const { info, tensor } = layout.prepare(node);
  const extra = roundsHalf(node) === 1 ? 0 : 1;
  const above = channelFactors(node, info.channels, extra, tensor);
  const below = node.negative ? channelFactors(node.negative, info.channels, extra, tensor) : above;
  const groups = groupShifts(above, below, bound);
  const table = node.table ? tensor(node.table.levels) : null;
  write(machine, address, tailFields, {
    channels: info.channels,
    hasNegative: node.negative ? 1 : 0,
    groupShifts: store(machine, groups.shifts),
    half: roundsHalf(node),
    zero: node.grid.zeroPoint,
    qmin: node.qmin,
    qmax: node.qmax,
    multipliers: store(machine, above.multipliers),
    factors: store(machine, groups.factors),
    negativeMultipliers: store(machine, below.multipliers),
    negativeFactors: store(machine, groups.negativeFactors),
    shifts: store(machine, above.shifts),
    negativeShifts: store(machine, below.shifts),
    table: table ? store(machine, Uint8Array.from(table)) : 0,
    tableLow: node.table?.low ?? 0,
    tableLast: table ? table.length - 1 : 0,
  });
}

function compileConv2d(node: Conv2dNode, tails: readonly RequantizeNode[], compiler: Compiler): Compiled {
  const { layout, machine, zeros } = compiler;
  const { inputs, info, tensor } = layout.prepare(node);
  const [input] = inputs as readonly [LevelsInfo];
  const { bound } = info as AccumulatorInfo;
  const levels = tensor(node.weight);
  const algorithm = chooseAlgorithm(node, input, info as AccumulatorInfo);
  const { number, multiple, pack, rows, columns, staged } = algorithms[algorithm];
  const padded = Math.ceil(node.inChannels / multiple) * multiple;
  const shape = { ...node, padded };
  const groups = groupsOf(node.outChannels);
  const biases = new Int32Array(groups * 8);
  biases.set(tensor(node.bias) as Int32Array);
  const source = compileSource(node.input, input, padded, compiler, node.padding);
  const ends = compileTails(tails, bound, compiler);
  const address = machine.allocate(44);
  write(machine, address, convFields, {
    source: source.address,
    weights: pack(machine, levels, shape),
    biases: store(machine, biases),
    zeros,
    kernelHeight: node.kernel[0],
    kernelWidth: node.kernel[1],
    groups,
    algorithm: number,
    outputs: node.outChannels,
    tails: ends.address,
    tailCount: tails.length,
  });
  return {
    scratch: BLOCK_BYTES + staged(shape),
    step: {
      kernel: 'conv2d',
      node: address,
      name: node.name,
      algorithm,
      factor: input.factor,
      rows,
      columns,
      from: [{ tensor: tensorOf(node.input, layout), halo: (node.kernel[0] - 1) / 2 }],
      to: tails.map(({ name }) => tensorOf(name, layout)),
      work: macsPerPixel(node) * input.factor ** 2,
      bind: (binding) => {
        source.bind(binding);
        ends.bind(binding);
      },
    },
  };
}

function compileAdd(node: AddNode, tails: readonly RequantizeNode[], compiler: Compiler): Compiled {
  const { layout, machine } = compiler;
  const { inputs, info } = layout.prepare(node);
  const sources = node.inputs.map((name, i) => compileSource(name, inputs[i] as LevelsInfo, info.channels, compiler));
  const ends = compileTails(tails, (info as AccumulatorInfo).bound, compiler);
  const address = machine.allocate(16);
  const fields = { left: 0, right: 1, tails: 2, tailCount: 3 };
  const [left, right] = sources as [Source, Source];
  const values = { left: left.address, right: right.address, tails: ends.address, tailCount: tails.length };
  write(machine, address, fields, values);
  return {
    scratch: BLOCK_BYTES,
    step: {
      kernel: 'add',
      node: address,
      name: node.name,
      algorithm: null,
      factor: info.factor,
      rows: ROWS,
      columns: COLUMNS,
      from: node.inputs.map((name) => ({ tensor: tensorOf(name, layout), halo: 0 })),
      to: tails.map(({ name }) => tensorOf(name, layout)),
      work: info.channels * info.factor ** 2,
      bind: (binding) => {
        for (const { bind } of [left, right, ends]) bind(binding);
      },
    },
  };
}

function compileShuffle(node: PixelShuffleNode, { layout, machine }: Compiler): Compiled {
  const from = tensorOf(node.input, layout);
  const to = tensorOf(node.name, layout);
  const address = machine.allocate(32);
  const fields = { from: 0, to: 1, width: 2, channels: 3, factor: 4, isCrd: 5, fromRing: 6, toRing: 7 } as const;
  write(machine, address, fields, {
    channels: from.channels,
    factor: node.factor,
    isCrd: node.order === 'crd' ? 1 : 0,
  });
  return {
    scratch: 0,
    step: {
      kernel: 'pixelShuffle',
      node: address,
      name: node.name,
      algorithm: null,
      factor: from.factor,
      rows: 1,
      columns: 2 ** 31 - 1,
      from: [{ tensor: from, halo: 0 }],
      to: [to],
      work: from.channels * from.factor ** 2,
      bind: ({ width, addressOf, ringOf }) =>
        write(machine, address, fields, {
          from: addressOf(from),
          to: addressOf(to),
          fromRing: ringOf(from),
          toRing: ringOf(to),
          width: width * from.factor,
        }),
    },
  };
}
