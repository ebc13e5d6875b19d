/** An EDSR that leaves the low frequencies of the image to an enlargement of the image itself. */
import { balancingTransform } from '@fqsr/quant-core';
import { ModelError } from '../error.js';
import type { Conv2dNode, Graph, NodeOf } from '../graph.js';
import { buildGraph, type ModelRef } from '../models/registry.js';
import { checkParams, type Params } from '../params.js';
import { gramOf } from './balance-graph.js';
import type { CalibrationBatch } from './calibrate-graph.js';
import { type ImageMoments, imageMoments } from './image-moments.js';
import { fitImageSkip } from './image-skip-fit.js';
import { enlargement, linearEnd, reachOf, responsesOf, stream } from './linear-end.js';
import { multiply, transposed } from './matrix.js';

/**
 * What a smaller stream and smaller weights of its convolution count beside the fit, in grey levels squared: all of the stream as much as this error of the image, and of what the weights make this share. Rounding them to 4 bits
 * leaves some 0.007 of it; less keeps the float network nearer.
 */
const counts = { stream: 0.3, weights: 0.002 } as const;

/** A float network with an image skip. */
export interface WithImageSkip {
  readonly model: ModelRef;
  readonly params: Params;
  /** Root mean square by which the image differs from that of the network before, in grey levels, where its border is far. */
  readonly error: number;
  /** Mean square of what the upsampler reads as a share of that before, in the metric of its balanced basis. */
  readonly share: number;
}

/**
 * The EDSR that adds what its upsampler makes to a bilinear enlargement of the image: nearly the same float function, with less to quantize.
 *
 * Behind the body EDSR is linear: `y = L(s)`, with the stream `s = head(x) + body(x)`. So `y = L(s - P x) + L(P x)` for every convolution `P` of the image, and where `L(P x)` is the enlargement of `x`,
 * that part can be made of the image itself, which is 8-bit integers already, with no feature map of few bits in between. What the upsampler reads is then without the image's low frequencies, and
 * its steps are finer at the same number of bits. `P` (3x3) has the least
 * `|L(P x) - bilinear(x)|^2 + a |M (s - P x)|^2 / |M s|^2 + b |L(head - P)|^2`, in means over the patches: the second part makes the stream small in the metric `M^T M` of `balancingTransform`, the third
 * keeps the weights small that the global skip is left with, since they are to be rounded. It is found by conjugate gradients. `head.skip` takes `head - P`; all else stays.
 *
 * Near the border of an image `L` pads with zeros and the enlargement repeats pixels: there the function differs by more.
 *
 * @param network a float EDSR without an image skip
 * @param batches patches, at least one, as large as the upsampler's field behind a 3x3 convolution (7 x 7 pixels at x4)
 * @param onRound hears how far the solution has come, 0..1
 * @throws ModelError where the network is another, or a patch is too small
 *
 * @example
 * const { model, params } = withImageSkip({ model: checkpoint.model, params: checkpoint.params }, batches);
 * buildGraph(model).name; // edsr-baseline-bilinear-x4
 */
export function withImageSkip(
  { model, params }: { readonly model: ModelRef; readonly params: Params },
  batches: readonly CalibrationBatch[],
  onRound?: (done: number) => void,
): WithImageSkip {
  const refuse = (constraint: string, remedy: string) => new ModelError('withImageSkip', constraint, remedy);
  if (model.family !== 'edsr' || model.config['imageSkip'] === 'bilinear') {
    throw refuse(`network must be an EDSR without an image skip, got ${model.name}`, 'keep it as it is');
  }
  const before = buildGraph(model);
  checkParams(before, params);
  const to = { ...model, name: `${model.name}-bilinear`, config: { ...model.config, imageSkip: 'bilinear' } };
  const graph = buildGraph(to);
  const endGraph = linearEnd(graph);
  const reach = reachOf(endGraph) + 1;
  const smallest = Math.min(...batches.map(({ patchSize }) => patchSize));
  if (batches.length === 0 || smallest < 2 * reach + 1) {
    const got = batches.length === 0 ? 'none' : `${smallest}x${smallest}`;
    throw refuse(`batches must hold patches of ${2 * reach + 1}x${2 * reach + 1} or more, got ${got}`, 'give some');
  }
  const moments = imageMoments(before, params, batches, reach);
  const { weights, ...found } = fitImageSkip({
    end: responsesOf(endGraph, params),
    wanted: responsesOf(enlargement(graph), new Map()),
    moments,
    metric: metricOf(endGraph, params, moments),
    head: Float64Array.from(params.get('head.weight') as Float32Array),
    counts,
    onRound,
  });
  const { offset } = graph.nodes.find((node) => node.op === 'bilinear') as NodeOf<'bilinear'>;
  const changed = (name: string, change: (value: number, at: number) => number) =>
    (params.get(name) as Float32Array).map(change);
  const made = new Map(params)
    .set(
      'head.skip.weight',
      changed('head.weight', (value, at) => value - (weights[at] as number)),
    )
    .set(
      'head.skip.bias',
      changed('head.bias', (value) => value),
    )
    .set(
      'tail.bias',
      changed('tail.bias', (value, at) => value + (offset[at % offset.length] as number)),
    );
  return { model: to, params: made, ...found };
}

/** `M^T M` of the basis that balances what the first convolution behind the stream reads. */
function metricOf(end: Graph, params: Params, { channels: n, stream: own }: ImageMoments): Float64Array {
  const first = end.nodes.find((node): node is Conv2dNode => node.op === 'conv2d' && node.input === stream);
  if (!first) throw new ModelError('withImageSkip', 'graph must read the stream by a convolution, got none', 'add one');
  const gram = gramOf(first, params.get(`${first.name}.weight`) as Float32Array, n);
  const { matrix } = balancingTransform(n, { moments: own, gram }, 0);
  return multiply(transposed(matrix, n, n), matrix, n, n, n);
}
