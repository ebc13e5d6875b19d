/**
 * Recipes: families of degradations, as data. A seed draws one degradation out of a family.
 */
import { createRandom } from '../dead-leaves/random.js';
import { DatasetError } from '../error.js';
import { hash32, shuffled } from '../hash.js';
import { checkFields, checkRange, type Unchecked } from './check.js';
import { type DegradationName, type DegradationOptions, type DegradationStep, fieldsOf } from './registry.js';

/** A number, or the range `[low, high]` that it is drawn from, uniformly. */
export type Drawn = number | readonly [low: number, high: number];

/** A step of a recipe: a {@link DegradationStep} whose numbers may be ranges, and which may be left out by chance. */
export type RecipeStep<Name extends DegradationName = DegradationName> = {
  readonly [Each in Name]: {
    readonly kind: Each;
    /** From 0 to 1: how often the step is taken; always by default. */
    readonly probability?: number;
  } & {
    readonly [Key in keyof DegradationOptions[Each]]:
      | DegradationOptions[Each][Key]
      | (number extends DegradationOptions[Each][Key] ? Drawn : never);
  };
}[Name];

/** A family of degradations. Plain data: it survives JSON. */
export interface DegradationRecipe {
  readonly name: string;
  readonly steps: readonly RecipeStep[];
  /** `random` shuffles `steps` by the seed; `given` (default) does not. */
  readonly order?: 'given' | 'random';
  /** Steps that come after all others, in the order given. */
  readonly last?: readonly RecipeStep[];
  /** Low-resolution images that are made of each high-resolution one, each drawn anew; 1 by default. */
  readonly versions?: number;
}

/**
 * One degradation of a family: what is random is drawn, the steps are in their order. Equal recipes and seeds draw the same.
 *
 * @example
 * const steps = drawSteps({ name: 'mine', steps: [{ kind: 'jpeg', quality: [30, 95], probability: 0.5 }] }, 7);
 * await degrade(hr, { scale: 4, steps, seed: 7 });
 */
export function drawSteps(
  { steps, order = 'given', last = [] }: DegradationRecipe,
  seed: number,
): readonly DegradationStep[] {
  const inOrder = order === 'random' ? Array.from(shuffled(steps.length, seed, 1), (i) => i) : [...steps.keys()];
  const drawn = [...steps, ...last].map((step, i) => drawStep(step, hash32(seed, 2, i)));
  const places = [...inOrder, ...last.map((_, i) => steps.length + i)];
  return places.flatMap((place) => drawn[place] ?? []);
}

/** Draws in the order of the fields, so that the order of the keys in a file does not matter. */
function drawStep({ kind, probability = 1, ...options }: RecipeStep, seed: number): DegradationStep | null {
  const random = createRandom(seed);
  if (random.unit() >= probability) return null;
  const given: Unchecked = options;
  const values = Object.keys(fieldsOf(kind)).flatMap((name) => {
    const value = given[name];
    const unit = random.unit();
    if (value === undefined) return [];
    return [[name, Array.isArray(value) ? value[0] + (value[1] - value[0]) * unit : value]];
  });
  return { kind, ...Object.fromEntries(values) } as DegradationStep;
}

/**
 * A recipe from JSON: `{ "steps": [...], "order": "random", "last": [...], "versions": 4 }`.
 *
 * @param name what the recipe is called
 * @throws DatasetError naming what does not fit, and listing the kinds of steps where one is unknown
 */
export function parseRecipe(value: unknown, name: string): DegradationRecipe {
  const refuse = (problem: string, remedy = 'see the degradations in the README of @fqsr/datasets'): never => {
    throw new DatasetError('parseRecipe', `${name}: ${problem}`, remedy);
  };
  if (!isRecord(value)) return refuse(`a recipe must be an object, got ${JSON.stringify(value)}`);
  const known = ['name', 'steps', 'order', 'last', 'versions'];
  const { steps, order = 'given', last = [], versions = 1, ...rest } = value;
  const unknown = Object.keys(rest).find((key) => !known.includes(key));
  if (unknown !== undefined) refuse(`a recipe must have ${known.join(', ')} only, got ${JSON.stringify(unknown)}`);
  if (order !== 'given' && order !== 'random')
    return refuse(`order must be given or random, got ${JSON.stringify(order)}`);
  if (typeof versions !== 'number' || !Number.isInteger(versions) || versions < 1 || versions > 1e6) {
    return refuse(`versions must be an integer from 1 to 1000000, got ${JSON.stringify(versions)}`);
  }
  const checked = (key: string, list: unknown): readonly RecipeStep[] => {
    if (!Array.isArray(list)) return refuse(`${key} must be a list of steps, got ${JSON.stringify(list) ?? 'nothing'}`);
    for (const step of list) checkStep(name, step);
    return list;
  };
  return Object.freeze({ name, steps: checked('steps', steps), order, last: checked('last', last), versions });
}

function checkStep(recipe: string, step: unknown): void {
  if (!isRecord(step)) {
    throw new DatasetError(
      'parseRecipe',
      `${recipe}: a step must be an object, got ${JSON.stringify(step)}`,
      'correct it',
    );
  }
  const { kind, probability = 1, ...options } = step;
  const fields = fieldsOf(kind);
  checkRange(String(kind), 'probability', probability, 0, 1);
  checkFields(String(kind), fields, options, checkDrawn);
}

/** A number, or a range of two. */
function checkDrawn(where: string, name: string, value: unknown, low: number, high: number): void {
  const ends: readonly unknown[] = Array.isArray(value) ? value : [value];
  for (const end of ends) checkRange(where, name, end, low, high);
  if (!Array.isArray(value) || (value.length === 2 && value[0] <= value[1])) return;
  throw new DatasetError(where, `${name} must be a number or [low, high], got ${JSON.stringify(value)}`, 'correct it');
}

function isRecord(value: unknown): value is Unchecked {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
