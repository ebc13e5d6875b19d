/**
 * Everything a model must satisfy beyond the types of its fields, so that kernels need not check anything: names and order, kinds, channels, grids,
 * spatial factors, tensor lengths and ranges, and accumulators that fit int32.
 */
import { levelRange, MAX_SHIFT, MIN_SHIFT } from '@fqsr/quant-core/spec';
import { type Refuse, refusal } from './error.js';
import { limits } from './limits.js';
import type {
  AddNode,
  Conv2dNode,
  FactorKeys,
  IntegerModel,
  IntegerNode,
  IntegerOp,
  LookupTable,
  OutputNode,
  PixelShuffleNode,
  RequantizeNode,
} from './model.js';
import {
  type AccumulatorInfo,
  type CheckedModel,
  inputsOf,
  type LevelsInfo,
  type ModelInfo,
  type ValueInfo,
  weightShape,
} from './model-info.js';
import { readGraph } from './structure.js';
import { checkRange, gridText, levels, type Scope, tensor, tensorPath, value } from './validate-lookup.js';
import { sumWeights } from './weight-sums.js';

/**
 * Checks a model completely.
 *
 * @param where function named in messages
 * @returns what the graph proves about the value of each node
 * @throws FormatError `[runtime] <where>: <path> must be <constraint>, got <value> (<what to do>)`
 */
export function validateModel(model: IntegerModel, where = 'validateModel'): ModelInfo {
  return checkModel(model, where).values;
}

/** The same, as what trusts the model takes it. */
export function checkModel(model: IntegerModel, where: string): CheckedModel {
  const refuse = refusal(where, 'export the model again');
  readGraph(model, refuse, ['tensors']);
  checkTensors(model.tensors, refuse);
  for (const node of model.nodes) if (node.op === 'conv2d') checkWeights(node, model.tensors, refuse);
  return checkMeaning(model, refuse);
}

/** Levels of weights, where they are such: whole numbers of `weightBits` bits, or the odd ones in `+-(2^weightBits - 1)`. In files they cannot be otherwise. */
function checkWeights(node: Conv2dNode, tensors: IntegerModel['tensors'], refuse: Refuse): void {
  const weight = Object.hasOwn(tensors, node.weight) ? tensors[node.weight] : undefined;
  const isOdd = node.weightSpacing === 2;
  if (!(weight instanceof (isOdd ? Int16Array : Int8Array))) return;
  const end = 2 ** (isOdd ? node.weightBits : node.weightBits - 1);
  checkRange(node.weight, weight, isOdd ? 1 - end : -end, end - 1, refuse);
  const even = isOdd ? weight.findIndex((level: number) => level % 2 === 0) : -1;
  if (even >= 0) refuse(`${tensorPath(node.weight)}[${even}]`, 'odd', weight[even]);
}

/** What is left to check of a model whose fields, weights included, are of their types and in their ranges. */
export function checkMeaning(model: IntegerModel, refuse: Refuse): CheckedModel {
  const values = new Map<string, ValueInfo>();
  const roles = new Map<string, string>();
  for (const [i, node] of model.nodes.entries()) {
    const scope: Scope = { model, values, roles, path: `nodes[${i}]`, refuse };
    if (values.has(node.name)) refuse(`${scope.path}.name`, 'unique', node.name);
    values.set(node.name, checkNode(node, scope));
  }
  checkEnds(model, refuse);
  for (const key of Object.keys(model.tensors)) {
    if (!roles.has(key)) refuse(tensorPath(key), 'used by a node', 'an unused tensor');
  }
  return { model, values };
}

/** What a caller without types passes; in files it cannot be otherwise. */
function checkTensors(tensors: unknown, refuse: Refuse): void {
  if (typeof tensors !== 'object' || tensors === null) refuse('tensors', 'an object of typed arrays', tensors);
  for (const [key, data] of Object.entries(tensors)) {
    if (!ArrayBuffer.isView(data)) refuse(tensorPath(key), 'a typed array', data);
  }
}

function checkNode(node: IntegerNode, scope: Scope): ValueInfo {
  switch (node.op) {
    case 'input':
      return {
        kind: 'levels',
        channels: node.channels,
        factor: 1,
        bits: 8,
        signed: false,
        zeroPoint: node.zeroPoint,
        spacing: 1,
        scale: 1,
        qmin: 0,
        qmax: 255,
      };
    case 'conv2d':
      return checkConv2d(node, scope);
    case 'requantize':
      return checkRequantize(node, scope);
    case 'add':
      return checkAdd(node, scope);
    case 'pixelShuffle':
      return checkPixelShuffle(node, scope);
    case 'output':
      return checkOutput(node, scope);
  }
}

function checkConv2d(node: Conv2dNode, scope: Scope): AccumulatorInfo {
  const { path, refuse } = scope;
  const input = levels(node.input, `${path}.input`, scope);
  if (node.inChannels !== input.channels) {
    refuse(`${path}.inChannels`, `${input.channels}, the channels of ${JSON.stringify(node.input)}`, node.inChannels);
  }
  const count = node.kernel[0] * node.kernel[1] * node.inChannels * node.outChannels;
  const weight = weightsOf(node, count, scope);
  const bias = tensor(node.bias, `${path}.bias`, Int32Array, 'int32 biases', scope);
  if (bias.length !== node.outChannels) refuse(tensorPath(node.bias), `${node.outChannels} long`, bias.length);
  return {
    kind: 'accumulator',
    channels: node.outChannels,
    factor: input.factor,
    bound: accumulatorBound(sumWeights(weight, bias, reachOf(input)), path, refuse),
  };
}

/** The weights, of the type and the number that the node tells. */
function weightsOf(node: Conv2dNode, count: number, scope: Scope): Int8Array | Int16Array {
  const isOdd = node.weightSpacing === 2;
  const role = `${isOdd ? 'odd' : 'int8'} weights of ${node.weightBits} bits, ${weightShape(node).join('x')} (OHWI)`;
  const at = `${scope.path}.weight`;
  const weight: Int8Array | Int16Array = isOdd
    ? tensor(node.weight, at, Int16Array, role, scope)
    : tensor(node.weight, at, Int8Array, role, scope);
  if (weight.length !== count) scope.refuse(tensorPath(node.weight), `${count} long`, weight.length);
  return weight;
}

/** Largest magnitude of the values of each channel, also outside the image. */
function reachOf({ zeroPoint, qmin, qmax, spacing }: LevelsInfo): readonly number[] {
  return zeroPoint.map((zero) =>
    Math.max(...[qmin, qmax].map((q) => Math.abs(spacing * (q - zero) + spacing - 1)), spacing - 1),
  );
}

/** The largest of all output channels. */
function accumulatorBound(bounds: Float64Array, path: string, refuse: Refuse): number {
  let bound = 0;
  for (const [o, sum] of bounds.entries()) {
    if (sum >= 2 ** 31) refuse(path, `a convolution whose accumulators stay below 2^31`, `${sum} in channel ${o}`);
    if (sum > bound) bound = sum;
  }
  return bound;
}

function checkRequantize(node: RequantizeNode, scope: Scope): LevelsInfo {
  const { path, refuse } = scope;
  const input = value(node.input, `${path}.input`, scope);
  if (input.kind !== 'accumulator') {
    return refuse(`${path}.input`, 'an accumulator (conv2d or add)', `levels: ${node.input}`);
  }
  const multiplier = checkFactor(node, path, input.channels, scope);
  checkRange(node.multiplier, multiplier, 2 ** 30, 2 ** 31 - 1, refuse);
  if (node.negative) checkNegative(node.negative, `${path}.negative`, input.channels, scope);
  if (node.table) checkTable(node, node.table, `${path}.table`, scope);
  const { bits, signed, zeroPoint, spacing = 1, scale } = node.grid;
  if (spacing === 2 && signed) refuse(`${path}.grid.signed`, 'false where spacing is 2', signed);
  const range = levelRange({ bits, signed, grid: 'midtread', narrow: false });
  const inside = `an integer from ${range.qmin} to ${range.qmax}, as ${bits} ${signed ? 'signed' : 'unsigned'} bits allow`;
  for (const [key, level] of [
    ['grid.zeroPoint', zeroPoint],
    ['qmin', node.qmin],
    ['qmax', node.qmax],
  ] as const) {
    if (level < range.qmin || level > range.qmax) refuse(`${path}.${key}`, inside, level);
  }
  if (typeof scale !== 'number' && scale.length !== input.channels) {
    refuse(`${path}.grid.scale`, `one number, or ${input.channels}, one for each channel`, scale.length);
  }
  if (node.qmin > node.qmax) refuse(`${path}.qmin`, `at most qmax (${node.qmax})`, node.qmin);
  return {
    kind: 'levels',
    channels: input.channels,
    factor: input.factor,
    bits,
    signed,
    zeroPoint: new Array<number>(input.channels).fill(zeroPoint),
    spacing,
    scale,
    qmin: node.qmin,
    qmax: node.qmax,
  };
}

/** The multipliers, once both tensors are there and fit each other. */
function checkFactor(keys: FactorKeys, path: string, channels: number, scope: Scope): Int32Array {
  const { refuse } = scope;
  const multiplier = tensor(keys.multiplier, `${path}.multiplier`, Int32Array, 'int32 multipliers', scope);
  const shift = tensor(keys.shift, `${path}.shift`, Uint8Array, 'uint8 shifts', scope);
  if (multiplier.length !== 1 && multiplier.length !== channels) {
    refuse(tensorPath(keys.multiplier), `1 or ${channels} long`, multiplier.length);
  }
  if (shift.length !== multiplier.length) {
    refuse(tensorPath(keys.shift), `${multiplier.length} long, as the multipliers are`, shift.length);
  }
  checkRange(keys.shift, shift, MIN_SHIFT, MAX_SHIFT, refuse);
  return multiplier;
}

function checkNegative(keys: FactorKeys, path: string, channels: number, scope: Scope): void {
  for (const [i, item] of checkFactor(keys, path, channels, scope).entries()) {
    if (item === 0 || (Math.abs(item) >= 2 ** 30 && item > -(2 ** 31))) continue;
    scope.refuse(`${tensorPath(keys.multiplier)}[${i}]`, '0, or of a magnitude from 2^30 to 2^31 - 1', item);
  }
}

function checkTable(node: RequantizeNode, table: LookupTable, path: string, scope: Scope): void {
  const { refuse } = scope;
  const levels = tensor(table.levels, `${path}.levels`, Uint8Array, 'uint8 levels', scope);
  if (levels.length === 0 || levels.length > limits.table) {
    refuse(tensorPath(table.levels), `1 to ${limits.table} long`, levels.length);
  }
  const { signed, zeroPoint, spacing } = node.grid;
  if (signed || zeroPoint !== 0 || spacing === 2) {
    refuse(path, 'absent where the grid is signed, has a zero point or is mid-rise', 'a table');
  }
}

function checkAdd(node: AddNode, scope: Scope): AccumulatorInfo {
  const { path, refuse } = scope;
  const a = levels(node.inputs[0], `${path}.inputs[0]`, scope);
  const b = levels(node.inputs[1], `${path}.inputs[1]`, scope);
  const at = `${path}.inputs[1]`;
  if (a.channels !== b.channels) refuse(at, `a tensor of ${a.channels} channels, as inputs[0] is`, b.channels);
  if (a.factor !== b.factor) refuse(at, `upscaled ${a.factor} times, as inputs[0] is`, b.factor);
  if (gridText(a) !== gridText(b)) refuse(at, `on the grid of inputs[0], ${gridText(a)}`, gridText(b));
  return { kind: 'accumulator', channels: a.channels, factor: a.factor, bound: 2 * 511 };
}

function checkPixelShuffle(node: PixelShuffleNode, scope: Scope): LevelsInfo {
  const { path, refuse } = scope;
  const input = levels(node.input, `${path}.input`, scope);
  const square = node.factor * node.factor;
  if (input.channels % square !== 0) {
    refuse(`${path}.input`, `a tensor whose channels are a multiple of ${square}`, input.channels);
  }
  if (typeof input.scale !== 'number')
    refuse(`${path}.input`, 'a tensor with one step for all channels', input.scale.length);
  const factor = input.factor * node.factor;
  if (factor > limits.scale) refuse(`${path}.factor`, `such that the total stays at most ${limits.scale}`, factor);
  // All levels with this many channels come from one requantize, whose zero point is one for all channels.
  const channels = input.channels / square;
  return { ...input, channels, factor, zeroPoint: input.zeroPoint.slice(0, channels) };
}

function checkOutput(node: OutputNode, scope: Scope): LevelsInfo {
  const { path, refuse, model } = scope;
  const input = levels(node.input, `${path}.input`, scope);
  const at = `${path}.input`;
  if (input.channels !== 3) refuse(at, 'a tensor of 3 channels', input.channels);
  if (input.factor !== model.scale) refuse(at, `upscaled ${model.scale} times, as scale says`, input.factor);
  const image = gridText({ bits: 8, signed: false, scale: 1, spacing: 1, zeroPoint: [0, 0, 0] });
  if (gridText(input) !== image) refuse(at, `on the grid of an image, ${image}`, gridText(input));
  return input;
}

/** One input, one output, which stands last, and no node without a user. */
function checkEnds({ nodes }: IntegerModel, refuse: Refuse): void {
  for (const op of ['input', 'output'] as const satisfies IntegerOp[]) {
    const count = nodes.filter((node) => node.op === op).length;
    if (count !== 1) refuse('nodes', `a list with exactly one ${op}`, count);
  }
  const used = new Set(nodes.flatMap(inputsOf));
  for (const [i, node] of nodes.entries()) {
    if (node.op === 'output' && used.has(node.name)) refuse(`nodes[${i}]`, 'used by no node', 'an output with users');
    if (node.op !== 'output' && !used.has(node.name)) refuse(`nodes[${i}]`, 'used by a later node', 'an unused node');
  }
}
