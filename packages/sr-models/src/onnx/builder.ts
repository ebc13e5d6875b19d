/** A graph under construction: nodes and constants get unique names, and constants of equal content exist once. */
import { type Attribute, type DataType, dataTypes, type OnnxNode, type OnnxTensor } from './proto.js';

/** Adds to a graph. */
export interface Builder {
  /** The name, or the name and a number where it is taken. Asking takes it. */
  unique(name: string): string;
  /** Adds a constant. @returns its name */
  constant(name: string, type: DataType, dims: readonly number[], values: ArrayLike<number>): string;
  /** A constant without dimensions, shared by all that ask for it. */
  scalar(type: DataType, value: number): string;
  /** Adds an operation of one output. @returns the output's name: `name`, or `name` and a number */
  node(op: string, name: string, inputs: readonly string[], attributes?: Readonly<Record<string, Attribute>>): string;
  /** Adds an operation of several outputs. @returns their names */
  split(
    op: string,
    names: readonly string[],
    inputs: readonly string[],
    attributes?: Readonly<Record<string, Attribute>>,
  ): readonly string[];
  readonly nodes: readonly OnnxNode[];
  readonly tensors: readonly OnnxTensor[];
}

/** An empty graph in which these names are taken. */
export function createBuilder(taken: readonly string[]): Builder {
  const nodes: OnnxNode[] = [];
  const tensors: OnnxTensor[] = [];
  const names = new Set(taken);
  const scalars = new Map<string, string>();
  const unique = (name: string): string => {
    let free = name;
    for (let i = 2; names.has(free); i++) free = `${name}.${i}`;
    names.add(free);
    return free;
  };
  const constant: Builder['constant'] = (name, type, dims, values) => {
    const own = unique(name);
    tensors.push({ name: own, type, dims, values });
    return own;
  };
  const split: Builder['split'] = (op, outputNames, inputs, attributes = {}) => {
    const outputs = outputNames.map(unique);
    nodes.push({ op, name: `${outputs[0]}/${op}`, inputs, outputs, attributes });
    return outputs;
  };
  return {
    unique,
    constant,
    split,
    nodes,
    tensors,
    node: (op, name, inputs, attributes) => split(op, [name], inputs, attributes)[0] as string,
    scalar: (type, value) => {
      const key = `${type} ${value}`;
      const known = scalars.get(key);
      if (known !== undefined) return known;
      const own = constant(key, type, [], [value]);
      scalars.set(key, own);
      return own;
    },
  };
}

/** The number of an element type, for the attribute `to` of a Cast. */
export function castTo(type: DataType): { readonly to: number } {
  return { to: dataTypes[type] };
}
