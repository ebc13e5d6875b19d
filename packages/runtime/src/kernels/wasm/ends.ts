/** What a kernel reads from and where its sums go, as structs in memory: constants once, addresses and sizes anew for every image. */
import type { Layout, PlannedTensor } from '../../layout.js';
import type { Conv2dNode, RequantizeNode } from '../../model.js';
import type { LevelsInfo } from '../../model-info.js';
import type { Machine } from './machine.js';
import { store, write } from './structs.js';
import { channelFactors, groupShifts, roundsHalf, TAIL_BYTES, tailFields } from './tail.js';

/** Where an image's tensors lie. */
export interface Binding {
  readonly width: number;
  readonly height: number;
  addressOf(tensor: PlannedTensor): number;
  /** Rows that are kept of a tensor: row `y` stands at `y % ring`. */
  ringOf(tensor: PlannedTensor): number;
}

/** What compiles a model. */
export interface Compiler {
  readonly layout: Layout;
  readonly machine: Machine;
  /** Address of 32 zero bytes. */
  readonly zeros: number;
}

/** A struct in memory. */
export interface Struct {
  readonly address: number;
  bind(binding: Binding): void;
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

/** A tensor as a source: `v = byte' * spacing - offset` for each channel. */
export function compileSource(
  name: string,
  info: LevelsInfo,
  padded: number,
  { layout, machine }: Compiler,
  padding?: Conv2dNode['padding'],
): Struct {
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

/** Requantizations of sums whose magnitude is at most `bound`. */
export function compileTails(tails: readonly RequantizeNode[], bound: number, compiler: Compiler): Struct {
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

/** A stored tensor, by the name of its node. */
export function tensorOf(name: string, { tensors }: Layout): PlannedTensor {
  return tensors.get(name) as PlannedTensor;
}
