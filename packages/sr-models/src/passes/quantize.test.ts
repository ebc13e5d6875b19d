import { makePlan, type PlanOverride, planFromPreset } from '@fqsr/quant-core/spec';
import { describe, expect, it } from 'vitest';
import { perChannelPlan, tinyEdsr, tinyMsrresnet, tinyQuantized, tinySrresnet } from '../../test/networks.js';
import { ModelError } from '../error.js';
import { type Graph, type GraphNode, nodesByName, type QuantizeNode } from '../graph.js';
import { auditGraph } from './audit.js';
import { quantizeGraph } from './quantize.js';

const withOverrides = (...overrides: PlanOverride[]) => makePlan({ ...planFromPreset('w4a4s8'), overrides });

/** The quantizer that a reader sees, looking through pixel shuffles. */
function quantizerOf(graph: Graph, name: string): GraphNode {
  const node = nodesByName(graph).get(name) as GraphNode;
  return node.op === 'pixelShuffle' ? quantizerOf(graph, node.input) : node;
}

const shapes = [2, 3, 4].flatMap((scale) =>
  (['direct', 'shuffle'] as const).flatMap((upsampler) =>
    [1, 0.1].map((residualScale) => ({ scale, upsampler, residualScale, blocks: 2 })),
  ),
);

describe.each(shapes)('EDSR x$scale, $upsampler, residuals times $residualScale', (config) => {
  const float = tinyEdsr(config);
  const graph = tinyQuantized('w4a3s7', config);
  const names = nodesByName(graph);

  it('keeps the nodes of the float graph', () => {
    expect(graph.nodes.filter(({ op }) => op !== 'quantize').map(({ name }) => name)).toEqual(
      float.nodes.map(({ name }) => name),
    );
    expect(graph.name).toBe('tiny-w4a3s7');
  });

  it('quantizes every convolution, first and last included: inputs and weights', () => {
    for (const node of graph.nodes) {
      if (node.op !== 'conv2d') continue;
      expect(node.weights).toMatchObject({ bits: 4, signed: true, narrow: true, granularity: 'channel' });
      const input = quantizerOf(graph, node.input);
      if (node.name === 'head') expect(input.op).toBe('input');
      else
        expect(input).toMatchObject({
          op: 'quantize',
          role: 'activations',
          quantizer: `${node.name}.in`,
          spec: { bits: 3 },
        });
    }
  });

  it('gives both inputs of every add one shared grid', () => {
    for (const node of graph.nodes) {
      if (node.op !== 'add') continue;
      const [a, b] = node.inputs.map((name) => names.get(name) as QuantizeNode);
      expect(a).toMatchObject({
        op: 'quantize',
        role: 'skips',
        quantizer: `${node.name}.skip`,
        spec: { bits: 7, signed: true },
      });
      expect(b).toMatchObject({ op: 'quantize', role: 'skips', quantizer: a?.quantizer, spec: a?.spec });
    }
  });

  it('makes the output an 8-bit image of step 1', () => {
    const output = graph.nodes.at(-1) as GraphNode;
    const last = quantizerOf(graph, output.op === 'output' ? output.input : '');
    expect(last).toMatchObject({
      op: 'quantize',
      role: 'outputs',
      spec: { bits: 8, signed: false, quantizer: 'fixed' },
    });
  });

  it('is unsigned behind a ReLU and signed elsewhere', () => {
    const inputs = graph.nodes.filter(
      (node): node is QuantizeNode => node.op === 'quantize' && node.role === 'activations',
    );
    expect(inputs.length).toBe(float.nodes.filter(({ op }) => op === 'conv2d').length - 1);
    for (const { name, spec } of inputs) expect(spec.signed).toBe(!/^body\.\d\.conv2\.in$/.test(name));
  });

  it('quantizes in front of pixel shuffles, right behind the producer', () => {
    for (const [i, node] of graph.nodes.entries()) {
      if (node.op === 'pixelShuffle') expect(names.get(node.input)?.op).toBe('quantize');
      if (node.op !== 'quantize') continue;
      const between = graph.nodes.slice(graph.nodes.findIndex(({ name }) => name === node.input) + 1, i);
      expect(between.every(({ op }) => op === 'quantize')).toBe(true);
    }
  });

  it('passes the audit', () => {
    expect(auditGraph(graph).floats).toEqual([]);
  });
});

it('keeps one step for all channels in front of a pixel shuffle', () => {
  const graph = tinyQuantized(perChannelPlan('w4a4s8'), { scale: 4, upsampler: 'shuffle' });
  const granularity = (name: string) => (nodesByName(graph).get(name) as QuantizeNode).spec.granularity;
  expect(granularity('body.conv.in')).toBe('channel');
  expect(granularity('body.add.a')).toBe('channel');
  expect(granularity('up.0.conv.in')).toBe('channel');
  expect(granularity('up.1.conv.in')).toBe('tensor');
  expect(granularity('tail.in')).toBe('tensor');
});

it('gives both inputs of an add one step where one of them stands behind a shuffle', () => {
  const names = nodesByName(quantizeGraph(tinyMsrresnet(), perChannelPlan('w4a4s8')));
  const [a, b] = ['tail.add.a', 'tail.add.b'].map((name) => names.get(name) as QuantizeNode);
  expect(a).toMatchObject({ input: 'base', quantizer: 'tail.add.skip', spec: { granularity: 'tensor' } });
  expect(b).toMatchObject({ input: 'tail', quantizer: 'tail.add.skip', spec: a?.spec });
  expect(names.get('body.0.add.b')).toMatchObject({ spec: { granularity: 'channel' } });
});

describe('overrides', () => {
  it('change the specs of the nodes that match', () => {
    const graph = tinyQuantized(
      withOverrides(
        { pattern: 'tail', role: 'weights', spec: { bits: 8 } },
        { pattern: 'body.*', role: 'activations', spec: { bits: 6 } },
        { pattern: 'body.add', role: 'skips', spec: { bits: 5 } },
      ),
    );
    const names = nodesByName(graph);
    expect(names.get('tail')).toMatchObject({ weights: { bits: 8, narrow: true } });
    expect(names.get('head')).toMatchObject({ weights: { bits: 4 } });
    expect(names.get('body.0.conv2.in')).toMatchObject({ spec: { bits: 6, signed: false } });
    expect(names.get('tail.in')).toMatchObject({ spec: { bits: 4 } });
    expect(names.get('body.add.b')).toMatchObject({ spec: { bits: 5 } });
    expect(names.get('body.0.add.b')).toMatchObject({ spec: { bits: 8 } });
  });

  it('that match nothing are refused', () => {
    const plan = withOverrides({ pattern: 'tial', role: 'weights', spec: { bits: 8 } });
    expect(() => quantizeGraph(tinyEdsr(), plan)).toThrow(ModelError);
    expect(() => quantizeGraph(tinyEdsr(), plan)).toThrow(
      'plan "w4a4s8": pattern "tial" matches no node with weights (nodes: head,',
    );
    const wrongRole = withOverrides({ pattern: 'tail', role: 'skips', spec: { bits: 8 } });
    expect(() => quantizeGraph(tinyEdsr(), wrongRole)).toThrow('pattern "tail" matches no node with skips');
  });
});

describe('null leaves float, and the audit names it', () => {
  const { roles } = planFromPreset('w4a4s8');
  it.each([
    ['weights', ['head.weight', 'head.bias', 'head']],
    ['activations', ['body.0.conv1 input', 'tail input', 'tail.bias']],
    ['skips', ['body.0.add input head', 'body.0.add', 'body.add input body.conv']],
    ['outputs', ['output']],
  ] as const)('role %s', (role, floats) => {
    const audit = auditGraph(
      tinyQuantized(makePlan({ name: 'part', roles: { ...roles, [role]: null }, overrides: [] })),
    );
    expect(audit.fullyQuantized).toBe(false);
    expect(audit.floats).toEqual(expect.arrayContaining([...floats]));
  });

  it('one node by override', () => {
    const audit = auditGraph(tinyQuantized(withOverrides({ pattern: 'tail', role: 'weights', spec: null })));
    expect(audit.floats).toEqual(['tail.weight', 'tail.bias', 'tail']);
  });

  it('with a shuffling upsampler, whose shuffles stay where they were', () => {
    const plan = makePlan({ name: 'part', roles: { ...roles, activations: null }, overrides: [] });
    const config = { scale: 4, upsampler: 'shuffle' } as const;
    const graph = tinyQuantized(plan, config);
    const floats = graph.nodes.filter(({ op }) => op !== 'quantize').map(({ name }) => name);
    expect(floats).toEqual(tinyEdsr(config).nodes.map(({ name }) => name));
  });
});

it('a quantized graph is not quantized again', () => {
  expect(() => quantizeGraph(tinyQuantized(), planFromPreset('w4a4s8'))).toThrow('graph must be a float graph');
});

describe('an add of an enlargement of the image', () => {
  const partsOf = (plan: string, float: Graph) => {
    const graph = quantizeGraph(float, planFromPreset(plan));
    const add = nodesByName(graph).get('tail.add');
    return add?.op === 'add' ? add.inputs.map((name) => (quantizerOf(graph, name) as QuantizeNode).spec) : [];
  };

  const imageSkip = 'bilinear';

  it.each(['w4a4s8', 'w4a4s8-channel'])('is of whole grey levels under %s', (plan) => {
    for (const float of [tinyMsrresnet(), tinyEdsr({ imageSkip }), tinySrresnet({ imageSkip })]) {
      for (const spec of partsOf(plan, float)) {
        expect(spec).toMatchObject({ quantizer: 'fixed', affine: true, signed: false, granularity: 'tensor', bits: 8 });
      }
    }
  });

  it('learns a step where 8 bits are not given', () => {
    for (const spec of partsOf('w4a4s6', tinyMsrresnet())) {
      expect(spec).toMatchObject({ quantizer: 'lsq-log', affine: false, signed: true, bits: 6 });
    }
  });
});
