/** Seeded initialisation. */
import * as tf from '@tensorflow/tfjs';
import type { Conv2dNode, Graph } from '../graph.js';
import { nodesByName } from '../graph.js';
import type { Params } from '../params.js';
import { parameters } from './parameters.js';

/**
 * Random weights for a float graph: uniform in `+-sqrt(3 * gain / fan_in)`, `gain` 2 in front of a ReLU and 1 elsewhere (He et al., ICCV 2015);
 * residual branches start at a tenth, so that a deep body starts near the identity. Biases start at 0, the last at the image mean.
 *
 * @param seed any integer; the same seed gives the same bits
 */
export function initParams(graph: Graph, seed: number): Params {
  const params = new Map<string, Float32Array>();
  const byName = nodesByName(graph);
  const input = graph.nodes[0];
  const mean = input?.op === 'input' ? input.zeroPoint : [];
  const last = graph.nodes.findLast(({ op }) => op === 'conv2d') as Conv2dNode;
  for (const { name, shape, kind } of parameters(graph)) {
    const size = shape.reduce((a, b) => a * b, 1);
    const owner = name.slice(0, name.lastIndexOf('.'));
    if (kind === 'weight') {
      const node = byName.get(owner) as Conv2dNode;
      const feedsRelu = graph.nodes.some((reader) => reader.op === 'relu' && reader.input === owner);
      const residual = graph.nodes.some(
        (reader) => reader.op === 'add' && reader.inputs[1] === owner && owner !== 'body.conv',
      );
      const fanIn = node.kernel[0] * node.kernel[1] * node.inChannels;
      const bound = Math.sqrt((3 * (feedsRelu ? 2 : 1)) / fanIn) * (residual ? 0.1 : 1);
      params.set(name, uniform(size, bound, `${seed}/${name}`));
    } else if (kind === 'bias') {
      const values = new Float32Array(size);
      if (owner === last.name) for (let i = 0; i < size; i++) values[i] = mean[i % mean.length] ?? 0;
      params.set(name, values);
    } else {
      params.set(name, new Float32Array(size));
    }
  }
  return params;
}

function uniform(size: number, bound: number, seed: string): Float32Array {
  const tensor = tf.randomUniform([size], -bound, bound, 'float32', seed);
  const values = Float32Array.from(tensor.dataSync());
  tensor.dispose();
  return values;
}
