/**
 * ONNX files from plain data: the messages of `onnx.proto` (IR version 10) that a network needs.
 */
import { bytes, encode, type Field, float, int, message, text } from './protobuf.js';

/** Element types by their number in `TensorProto.DataType`. */
export const dataTypes = { float: 1, uint8: 2, int8: 3, int32: 6, int64: 7, double: 11, int4: 22 } as const;

/** Name of an element type. */
export type DataType = keyof typeof dataTypes;

/** A constant. `values` are packed as the type says; two int4 to a byte, the first in the low half. */
export interface OnnxTensor {
  readonly name: string;
  readonly type: DataType;
  readonly dims: readonly number[];
  readonly values: ArrayLike<number>;
}

/** What an attribute may be: an integer, text, integers, or a float. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

/** One operation; an absent optional input is `''`. */
export interface OnnxNode {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** An input or output of the graph; a size that is text is free. */
export interface OnnxValue {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly (number | string)[];
  readonly doc: string;
}

/** A whole file. */
export interface OnnxModel {
  readonly name: string;
  readonly doc: string;
  readonly opset: number;
  readonly nodes: readonly OnnxNode[];
  readonly tensors: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly metadata: Readonly<Record<string, string>>;
}

const IR_VERSION = 10;

/** The bytes of a file; equal data gives equal bytes. */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  return encode([
    int(1, IR_VERSION),
    text(2, 'fqsr'),
    text(6, model.doc),
    message(7, [
      ...model.nodes.map((node) => message(1, nodeFields(node))),
      text(2, model.name),
      ...model.tensors.map((tensor) => message(5, tensorFields(tensor))),
      ...model.inputs.map((value) => message(11, valueFields(value))),
      ...model.outputs.map((value) => message(12, valueFields(value))),
    ]),
    message(8, [text(1, ''), int(2, model.opset)]),
    ...Object.entries(model.metadata).map(([key, value]) => message(14, [text(1, key), text(2, value)])),
  ]);
}

function nodeFields({ op, name, inputs, outputs, attributes }: OnnxNode): readonly Field[] {
  return [
    ...inputs.map((input) => text(1, input)),
    ...outputs.map((output) => text(2, output)),
    text(3, name),
    text(4, op),
    ...Object.entries(attributes).map(([key, value]) => message(5, [text(1, key), ...attributeFields(value)])),
  ];
}

/** The value, and its number in `AttributeProto.AttributeType`. */
function attributeFields(value: Attribute): readonly Field[] {
  if (typeof value === 'number') return [int(3, value), int(20, 2)];
  if (typeof value === 'string') return [text(4, value), int(20, 3)];
  if ('float' in value) return [float(2, value.float), int(20, 1)];
  return [...value.map((each) => int(8, each)), int(20, 7)];
}

function tensorFields({ name, type, dims, values }: OnnxTensor): readonly Field[] {
  return [...dims.map((dim) => int(1, dim)), int(2, dataTypes[type]), text(8, name), bytes(9, pack(type, values))];
}

function valueFields({ name, type, shape, doc }: OnnxValue): readonly Field[] {
  const dims = shape.map((size) => message(1, [typeof size === 'number' ? int(1, size) : text(2, size)]));
  return [text(1, name), message(2, [message(1, [int(1, dataTypes[type]), message(2, dims)])]), text(3, doc)];
}

const writers = {
  float: { size: 4, write: (view, at, value) => view.setFloat32(at, value, true) },
  double: { size: 8, write: (view, at, value) => view.setFloat64(at, value, true) },
  int32: { size: 4, write: (view, at, value) => view.setInt32(at, value, true) },
  int64: { size: 8, write: (view, at, value) => view.setBigInt64(at, BigInt(value), true) },
} satisfies Partial<Record<DataType, { size: number; write: (view: DataView, at: number, value: number) => void }>>;

function pack(type: DataType, values: ArrayLike<number>): Uint8Array {
  if (type === 'uint8' || type === 'int8') return Uint8Array.from(values);
  if (type === 'int4') {
    const out = new Uint8Array(Math.ceil(values.length / 2));
    for (let i = 0; i < values.length; i++)
      out[i >> 1] = (out[i >> 1] as number) | (((values[i] as number) & 15) << (4 * (i & 1)));
    return out;
  }
  const { size, write } = writers[type];
  const view = new DataView(new ArrayBuffer(values.length * size));
  for (let i = 0; i < values.length; i++) write(view, i * size, values[i] as number);
  return new Uint8Array(view.buffer);
}
