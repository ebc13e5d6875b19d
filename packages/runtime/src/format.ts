/**
 * `@fqsr/runtime/format`: integer models as `.fqsr` files, and the safetensors files they are made of.
 *
 * A `.fqsr` file is a safetensors file with the metadata keys `fqsr` (the graph, as JSON) and `fqsr.crc32` (checksum of graph and tensors, 8 hex digits).
 * Weights are U8 tensors of levels packed at their bit width, in OHWI order; biases and multipliers I32; shifts U8.
 */
import { packedBytes, packLevels, unpackInto } from '@fqsr/quant-core/spec';
import { crc32 } from './crc32.js';
import { FormatError, type Refuse, refusal, show } from './error.js';
import { parseStrictJson } from './json.js';
import type { Conv2dNode, IntegerModel, IntegerTensor } from './model.js';
import { type CheckedModel, weightShape } from './model-info.js';
import { readSafetensors, type SafeTensor, type Safetensors, writeSafetensors } from './safetensors.js';
import { type Graph, readGraph } from './structure.js';
import { checkMeaning, validateModel } from './validate.js';

export { FormatError, RuntimeError } from './error.js';
export { limits } from './limits.js';
export type {
  AddNode,
  Conv2dNode,
  FactorKeys,
  InputNode,
  IntegerModel,
  IntegerNode,
  IntegerOp,
  IntegerTensor,
  LevelGrid,
  LookupTable,
  OutputNode,
  PixelShuffleNode,
  RequantizeNode,
} from './model.js';
export type { AccumulatorInfo, LevelsInfo, ModelInfo, ValueInfo } from './model-info.js';
export { type Dtype, readSafetensors, type SafeTensor, type Safetensors, writeSafetensors } from './safetensors.js';
export { validateModel } from './validate.js';

/** Versions of the format that {@link parseModel} reads; {@link serializeModel} writes the last. */
export const formatVersions: readonly number[] = [1];

const again = 'export the model again';

/**
 * Reads a `.fqsr` file and checks it completely: checksum, structure, meaning and arithmetic bounds.
 *
 * @param bytes the whole file; not kept
 * @throws FormatError naming the path of what is wrong
 *
 * @example
 * parseModel(await readFile('edsr-f16b4-x2-w4a4s8.fqsr')).scale; // 2
 */
export function parseModel(bytes: Uint8Array): IntegerModel {
  return readModel(bytes).model;
}

/** The same, with what the check found out. */
export function readModel(bytes: Uint8Array): CheckedModel {
  const refuse = refusal('parseModel', again);
  const file = read(bytes);
  const text = file.metadata['fqsr'];
  if (text === undefined)
    return refuse('metadata', 'that of an fqsr model, with the key "fqsr"', Object.keys(file.metadata));
  const graph = readGraph(versioned(text, refuse), refuse, ['format', 'version', 'rounding']);
  checkSum(file, text, refuse);
  return checkMeaning({ ...graph, tensors: readTensors(graph, file.tensors, refuse) }, refuse);
}

/**
 * Writes a `.fqsr` file; the same model gives the same bytes.
 *
 * @throws FormatError for a model that {@link parseModel} would refuse
 *
 * @example
 * await writeFile('model.fqsr', serializeModel(model));
 */
export function serializeModel(model: IntegerModel): Uint8Array {
  validateModel(model, 'serializeModel');
  // Read back, so that the order of an object's fields does not reach the file.
  const { name, scale, nodes, metadata } = readGraph(model, refusal('serializeModel', again), ['tensors']);
  const text = JSON.stringify({ format: 'fqsr', version: 1, name, scale, rounding: 'half-up', nodes, metadata });
  const weights = convolutions(model);
  const tensors = new Map(
    Object.entries(model.tensors).map(([key, data]): [string, SafeTensor] => [key, stored(data, weights.get(key))]),
  );
  return writeSafetensors(tensors, { fqsr: text, 'fqsr.crc32': checksum(text, tensors) });
}

function read(bytes: Uint8Array): Safetensors {
  try {
    return readSafetensors(bytes);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    const message = cause.message.replace('[runtime] readSafetensors: ', '');
    throw new FormatError(
      'parseModel',
      `file must be safetensors, got a fault: ${message}`,
      'fetch or export it again',
      {
        cause,
      },
    );
  }
}

/** The graph's JSON, once its format, version and rounding are known ones. */
function versioned(text: string, refuse: Refuse): unknown {
  let value: unknown;
  try {
    value = parseStrictJson(text).value;
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new FormatError('parseModel', `metadata.fqsr must be JSON, got ${reason}`, again, { cause });
  }
  if (typeof value !== 'object' || value === null) return refuse('metadata.fqsr', 'an object', value);
  const { format, version, rounding } = value as Readonly<Record<string, unknown>>;
  if (format !== 'fqsr') refuse('format', '"fqsr"', format);
  if (!formatVersions.some((known) => known === version)) {
    refuse('version', `a known one (${formatVersions.join(', ')})`, version, `update @fqsr/runtime, or ${again}`);
  }
  if (rounding !== 'half-up') refuse('rounding', '"half-up"', rounding);
  return value;
}

function checkSum({ metadata, tensors }: Safetensors, text: string, refuse: Refuse): void {
  const { fqsr: _, 'fqsr.crc32': given, ...rest } = metadata;
  const [extra] = Object.keys(rest);
  if (extra !== undefined) refuse('metadata', 'the keys "fqsr" and "fqsr.crc32" only', extra);
  const wanted = checksum(text, tensors);
  if (given !== wanted) {
    refuse(
      'metadata.fqsr.crc32',
      `${wanted}, the checksum of what was read`,
      given,
      'the file is damaged; fetch it again',
    );
  }
}

/** CRC-32 of the graph's text and then, by ascending name, of `[name, dtype, shape]` as JSON and the bytes of each tensor. */
function checksum(text: string, tensors: ReadonlyMap<string, SafeTensor>): string {
  const encoder = new TextEncoder();
  let crc = crc32(encoder.encode(text));
  for (const [name, { dtype, shape, data }] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    crc = crc32(encoder.encode(JSON.stringify([name, dtype, shape])), crc);
    crc = crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), crc);
  }
  return crc.toString(16).padStart(8, '0');
}

/** The convolution that owns each weight tensor. */
function convolutions({ nodes }: Graph): Map<string, Conv2dNode> {
  return new Map(nodes.flatMap((node) => (node.op === 'conv2d' ? [[node.weight, node]] : [])));
}

function stored(data: IntegerTensor, conv: Conv2dNode | undefined): SafeTensor {
  if (conv !== undefined) {
    const packed =
      conv.weightSpacing === 2
        ? packLevels(codes(data, conv), conv.weightBits, false)
        : packLevels(data, conv.weightBits, true);
    return { dtype: 'U8', shape: [packed.length], data: packed };
  }
  if (data instanceof Int32Array) return { dtype: 'I32', shape: [data.length], data };
  if (data instanceof Uint8Array) return { dtype: 'U8', shape: [data.length], data };
  // Weights are all that is left, and validation has found the convolution of each.
  throw new FormatError('serializeModel', 'tensors must be of int32 or uint8, got other ones without a user', again);
}

/** Odd levels as their indices from the lowest. */
function codes(levels: ArrayLike<number>, { weightBits }: Conv2dNode): number[] {
  return Array.from(levels, (level) => (level + 2 ** weightBits - 1) / 2);
}

function readTensors(graph: Graph, tensors: ReadonlyMap<string, SafeTensor>, refuse: Refuse) {
  const weights = convolutions(graph);
  return Object.fromEntries(
    [...tensors].map(([key, { dtype, shape, data }]): [string, IntegerTensor] => {
      const path = `tensors[${show(key)}]`;
      if (shape.length !== 1) refuse(`${path}.shape`, 'one size', shape);
      const conv = weights.get(key);
      if (conv !== undefined) {
        if (dtype !== 'U8') return refuse(`${path}.dtype`, 'U8 (packed weights)', dtype);
        return [key, unpackWeights(data, conv, path, refuse)];
      }
      if (dtype !== 'I32' && dtype !== 'U8') return refuse(`${path}.dtype`, 'I32 or U8', dtype);
      return [key, data];
    }),
  );
}

function unpackWeights(packed: Uint8Array, conv: Conv2dNode, path: string, refuse: Refuse): IntegerTensor {
  const count = weightShape(conv).reduce((a, b) => a * b);
  const size = packedBytes(count, conv.weightBits);
  if (packed.length !== size) {
    refuse(path, `${size} bytes long for ${count} weights of ${conv.weightBits} bits`, packed.length);
  }
  const used = (count * conv.weightBits) % 8;
  const last = packed.at(-1) ?? 0;
  if (used > 0 && last >> used !== 0) refuse(path, 'packed with zeros after the last weight', last);
  if (conv.weightSpacing === 2) {
    const codes = unpackInto(new Int16Array(count), packed, conv.weightBits, false);
    return codes.map((code) => 2 * code - 2 ** conv.weightBits + 1);
  }
  return unpackInto(new Int8Array(count), packed, conv.weightBits, true);
}
