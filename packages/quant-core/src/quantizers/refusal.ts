/** Sentences with which quantizers refuse specs that their definition does not cover, each the end of "spec must ...". */
import type { QuantSpec } from '../quant-spec.js';

/** Whether a spec fails, and what it must be instead. */
type Demand = (spec: QuantSpec) => readonly [boolean, string];

export const isSymmetric: Demand = ({ affine }) => [affine, 'have no zero point (affine: false)'];
export const isAffine: Demand = ({ affine }) => [!affine, 'have a zero point (affine: true)'];
export const isUnsigned: Demand = ({ signed }) => [signed, 'be unsigned (signed: false)'];
export const isSigned: Demand = ({ signed }) => [!signed, 'be signed (signed: true)'];
export const isMidtread: Demand = ({ grid }) => [grid !== 'midtread', 'lie on a midtread grid'];
export const isMidrise: Demand = ({ grid }) => [grid !== 'midrise', 'lie on a midrise grid'];
export const isNarrow: Demand = ({ narrow }) => [!narrow, 'be narrow (narrow: true)'];
/** Two levels, -1 and 0, are too few where the outermost level above zero carries the clip value. */
export const hasLevelAboveZero: Demand = ({ bits, signed, grid }) => [
  bits === 1 && signed && grid === 'midtread',
  'have 2 bits or more where it is signed',
];
export const hasBits =
  (bits: number): Demand =>
  (spec) => [spec.bits !== bits, `have ${bits} bit${bits === 1 ? '' : 's'}, got ${spec.bits}`];

/** The first demand that a spec fails, or `null`. */
export const refuseUnless =
  (...demands: readonly Demand[]) =>
  (spec: QuantSpec): string | null =>
    demands.map((demand) => demand(spec)).find(([fails]) => fails)?.[1] ?? null;
