/** `--plan`: a preset's name, a JSON file, or, in a config file, the plan itself. */
import { makePlan, planFromPreset, type QuantPlan, roles } from '@fqsr/quant-core/spec';
import { z } from 'zod';
import { asUsage, UsageError } from './errors.js';
import { readBytes } from './files.js';

const specFields = {
  bits: z.int().min(1).max(8).meta({ description: 'width of a level' }),
  signed: z
    .union([z.boolean(), z.literal('auto')])
    .meta({ description: 'auto: unsigned where no value can be negative' }),
  grid: z.string().meta({ description: 'midtread (has a zero) or midrise' }),
  narrow: z.boolean().meta({ description: 'leave out the lowest level' }),
  affine: z.boolean().meta({ description: 'have a zero point' }),
  granularity: z.enum(['tensor', 'channel']).meta({ description: 'one step for all, or one for each output channel' }),
  quantizer: z.string().meta({ description: 'what finds the step' }),
  ste: z.string().meta({ description: 'straight-through estimator' }),
  steOptions: z.record(z.string(), z.number()).meta({ description: 'numbers of the estimator' }),
  rounding: z.string().meta({ description: 'half-even' }),
};
const role = z.enum(roles);
const spec = z.strictObject(specFields).partial().required({ bits: true });

/** A plan as JSON. */
export const planSchema = z
  .strictObject({
    name: z.string().min(1).meta({ description: 'name of the plan, part of the network’s' }),
    roles: z
      .strictObject({
        weights: spec.nullable(),
        activations: spec.nullable(),
        skips: spec.nullable(),
        outputs: spec.nullable(),
      })
      .meta({ description: 'the spec of each role; null leaves it in float' }),
    overrides: z
      .array(
        z.strictObject({
          pattern: z.string().min(1).meta({ description: 'node name; * any text, {0..7} a range, {a,b} a list' }),
          role,
          spec: z.strictObject(specFields).partial().nullable().meta({ description: 'fields to replace; null: float' }),
        }),
      )
      .default([])
      .meta({ description: 'later ones win' }),
  })
  .meta({ description: 'a quantization plan' });

/** What `--plan` was given. */
export type PlanValue = string | z.infer<typeof planSchema>;

/** The option. */
export const planOption = (description: string) =>
  z
    .union([z.string().min(1), planSchema])
    .meta({ description: `${description}: a preset, or a JSON file`, value: 'plan' });

/**
 * The plan of an option.
 *
 * @throws UsageError naming the path of what is wrong in it
 */
export async function resolvePlan(value: PlanValue): Promise<QuantPlan> {
  if (typeof value !== 'string') return asUsage('--plan', () => checked(value));
  if (!/[./\\]/.test(value)) return asUsage('--plan', () => planFromPreset(value));
  const text = new TextDecoder().decode(await readBytes(value, '--plan'));
  let plan: unknown;
  try {
    plan = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`--plan: ${value} must hold JSON, got ${(cause as Error).message} (correct the file)`);
  }
  return asUsage(`--plan: ${value}`, () => checked(plan));
}

function checked(value: unknown): QuantPlan {
  const parsed = planSchema.safeParse(typeof value === 'object' && value !== null ? withoutSchema(value) : value);
  // What the schema refuses and makePlan does not know how to say.
  if (parsed.success) return makePlan(parsed.data as QuantPlan);
  makePlan(value as QuantPlan);
  const [issue] = parsed.error.issues;
  const path = ['plan', ...(issue?.path ?? [])].join('.');
  throw new UsageError(`${path} ${issue?.message.toLowerCase() ?? 'is not valid'}`);
}

/** A file may name its schema. */
function withoutSchema({ $schema, ...plan }: { readonly $schema?: unknown }): object {
  void $schema;
  return plan;
}
