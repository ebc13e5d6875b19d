/** Named weights: what a user writes for an objective of several terms. */
import { ModelError } from './error.js';

/** A positive weight for each name, e.g. `{ l1: 1, perceptual: 0.006 }`. */
export type Weights = Readonly<Record<string, number>>;

/**
 * Weights that are written as one name, as `name=weight,...`, or as an object.
 *
 * @param kind what they weigh, for messages
 * @throws ModelError for a weight that is not positive, a name that comes twice, or nothing at all
 *
 * @example
 * parseWeights('l1', 'loss'); // { l1: 1 }
 * parseWeights('l1=0.01,perceptual', 'loss'); // { l1: 0.01, perceptual: 1 }
 */
export function parseWeights(given: string | Weights, kind: string): Weights {
  const weights = typeof given === 'string' ? parse(given, kind) : given;
  const entries = Object.entries(weights);
  if (entries.length === 0) throw new ModelError('parseWeights', `${kind} must have a term, got none`, 'name one');
  for (const [name, weight] of entries) {
    if (Number.isFinite(weight) && weight > 0) continue;
    throw new ModelError(
      'parseWeights',
      `the weight of ${kind} ${name} must be a positive number, got ${weight}`,
      'correct it, or leave the term out',
    );
  }
  return weights;
}

/** The same in words, as {@link parseWeights} reads them: `l1`, or `l1=1,perceptual=0.006`. */
export function weightsName(weights: Weights): string {
  const entries = Object.entries(weights);
  const [first] = entries;
  if (entries.length === 1 && first?.[1] === 1) return first[0];
  return entries.map(([name, weight]) => `${name}=${weight}`).join(',');
}

function parse(text: string, kind: string): Weights {
  const terms = text.split(',').map((term): [string, number] => {
    const [name = '', weight, ...rest] = term.trim().split('=');
    return [name, rest.length > 0 || weight === '' ? Number.NaN : Number(weight ?? 1)];
  });
  const twice = terms.find(([name], i) => terms.findIndex(([other]) => other === name) !== i);
  if (!twice) return Object.fromEntries(terms);
  throw new ModelError('parseWeights', `each ${kind} must come once, got ${twice[0]} twice`, 'add the weights up');
}
