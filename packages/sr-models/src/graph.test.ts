import { describe, expect, it } from 'vitest';
import { tinyEdsr } from '../test/networks.js';
import { ModelError } from './error.js';
import { type GraphNode, inputsOf, makeGraph, nodesByName } from './graph.js';

const input: GraphNode = { op: 'input', name: 'in', channels: 3, zeroPoint: [0, 0, 0] };
const relu: GraphNode = { op: 'relu', name: 'relu', input: 'in' };
const output: GraphNode = { op: 'output', name: 'out', input: 'relu' };
const make = (...nodes: GraphNode[]) => makeGraph({ name: 'g', scale: 1, nodes: nodes.map((node) => ({ ...node })) });

describe('makeGraph', () => {
  it('freezes the graph and its nodes, which survive JSON', () => {
    const graph = make(input, relu, output);
    expect([graph, graph.nodes, ...graph.nodes].every(Object.isFrozen)).toBe(true);
    expect(makeGraph(JSON.parse(JSON.stringify(graph)))).toEqual(graph);
  });

  it.each<[string, readonly GraphNode[]]>([
    ['node names must be unique, got "relu" twice', [input, relu, relu, output]],
    ['out must read earlier nodes, got "relu"', [input, output, relu]],
    ['relu must read earlier nodes, got "nothing"', [input, { ...relu, input: 'nothing' }, output]],
    ['add must read earlier nodes, got "b"', [input, { op: 'add', name: 'add', inputs: ['in', 'b'] }]],
    ['a graph must start with its one input', [input, { ...relu }]],
    ['a graph must start with its one input', [input, { ...input, name: 'in2' }, relu, output]],
    ['a graph must start with its one input', [input, relu, output, { ...output, name: 'out2' }]],
    ['a graph must start with its one input', [input, relu, output, { ...relu, name: 'late' }]],
    ['a graph must start with its one input', []],
  ])('refuses: %s', (reason, nodes) => {
    expect(() => make(...nodes)).toThrow(ModelError);
    expect(() => make(...nodes)).toThrow(reason);
  });
});

it('nodes know what they read', () => {
  const nodes = nodesByName(tinyEdsr());
  expect(inputsOf(nodes.get('input') as GraphNode)).toEqual([]);
  expect(inputsOf(nodes.get('head') as GraphNode)).toEqual(['input']);
  expect(inputsOf(nodes.get('body.add') as GraphNode)).toEqual(['head', 'body.conv']);
});
