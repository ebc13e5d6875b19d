/** Knowledge distillation: a student learns from what a float network makes of the same images. */
import { real } from '@fqsr/quant-core';
import * as tf from '@tensorflow/tfjs';
import { ModelError } from '../error.js';
import { type Graph, nodesByName } from '../graph.js';
import { type Params, toTensors } from '../params.js';
import { forward } from '../passes/forward.js';
import type { Term, TermSource } from '../training/terms.js';
import { parseWeights, type Weights } from '../weights.js';
import { distillationByName } from './registry.js';
import type { Made } from './types.js';

/** What a student learns from its teacher. Plain data. */
export interface DistillOptions {
  /** The weight of each way by its name, e.g. `{ outputs: 1, attention: 1000 }` or `outputs=1,attention=1000`. */
  readonly distill: string | Weights;
  /** Nodes whose values are compared; both graphs must have them. The body's end by default. */
  readonly distillNodes: readonly string[];
}

/** The body's end, which every family has: what PAMS compares. */
export const distillNodesDefault: readonly string[] = ['body.add'];

/** A frozen float network that teaches. Owns tensors: dispose it. */
export class Teacher implements TermSource {
  readonly watches: readonly string[];
  readonly #graph: Graph;
  readonly #params: ReturnType<typeof toTensors>;
  readonly #weights: readonly (readonly [string, number])[];

  /**
   * @param student the graph that learns
   * @throws ModelError for graphs of different scales, a node that one of them lacks, an unknown way, a weight that is not positive, or nothing to learn
   */
  constructor(teacher: { readonly graph: Graph; readonly params: Params }, student: Graph, options: DistillOptions) {
    this.#graph = teacher.graph;
    this.watches = options.distillNodes;
    this.#weights = Object.entries(distillWeights(options.distill));
    if (teacher.graph.scale !== student.scale) {
      throw new ModelError(
        'Teacher',
        `the teacher must have the student's scale ${student.scale}, got ${teacher.graph.scale}`,
        'choose another teacher',
      );
    }
    for (const graph of [teacher.graph, student]) {
      const known = nodesByName(graph);
      const missing = options.distillNodes.find((name) => !known.has(name));
      if (missing === undefined) continue;
      throw new ModelError(
        'Teacher',
        `distillNodes must be nodes of both graphs, got ${missing}, which ${graph.name} lacks`,
        'for example body.add',
      );
    }
    this.#params = toTensors(teacher.graph, teacher.params);
  }

  /** The terms of a step, named `distill-<way>`. */
  of({ lr }: { readonly lr: tf.Tensor4D }): readonly Term[] {
    const taught = this.#run(lr);
    return this.#weights.map(([name, weight]) => ({
      name: `distill-${name}`,
      weight,
      of: ({ sr, node }) => {
        return distillationByName(name).of({ image: sr, features: this.watches.map(node) }, taught);
      },
    }));
  }

  dispose(): void {
    tf.dispose([...this.#params.values()]);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #run(lr: tf.Tensor4D): Made {
    return tf.tidy(() => {
      const features = new Map<string, tf.Tensor4D>();
      const image = forward(this.#graph, lr, {
        params: this.#params,
        mode: 'float',
        onNode: ({ name }, output) => {
          if (this.watches.includes(name)) features.set(name, real(output));
        },
      });
      return { image, features: this.watches.map((name) => features.get(name) as tf.Tensor4D) };
    });
  }
}

/**
 * The weights of what a student learns, see {@link parseWeights}.
 *
 * @throws ModelError also for an unknown way
 */
export function distillWeights(distill: string | Weights): Weights {
  const weights = parseWeights(distill, 'distillation');
  for (const name of Object.keys(weights)) distillationByName(name);
  return weights;
}
