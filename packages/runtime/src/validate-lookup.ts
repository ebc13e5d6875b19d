/** What the checks of a model look up, each with the reason why it is refused. */
import { type Refuse, show } from './error.js';
import type { IntegerModel, IntegerTensor } from './model.js';
import type { LevelsInfo, ValueInfo } from './model-info.js';

/** Where a check stands. */
export interface Scope {
  readonly model: IntegerModel;
  readonly values: Map<string, ValueInfo>;
  /** What each tensor was used as. */
  readonly roles: Map<string, string>;
  readonly path: string;
  readonly refuse: Refuse;
}

export function value(name: string, path: string, { values, refuse }: Scope): ValueInfo {
  return values.get(name) ?? refuse(path, 'the name of an earlier node', name);
}

export function levels(name: string, path: string, scope: Scope): LevelsInfo {
  const info = value(name, path, scope);
  if (info.kind === 'levels') return info;
  return scope.refuse(path, 'levels (requantize them first)', `an accumulator: ${name}`);
}

export function tensor<T extends IntegerTensor>(
  key: string,
  path: string,
  type: { readonly name: string; new (length: number): T },
  role: string,
  { model, roles, refuse }: Scope,
): T {
  const data = Object.hasOwn(model.tensors, key) ? model.tensors[key] : undefined;
  if (data === undefined) return refuse(path, 'the name of a tensor', key);
  if (!(data instanceof type)) return refuse(tensorPath(key), `a ${type.name}`, data.constructor.name);
  const other = roles.get(key);
  if (other !== undefined && other !== role) refuse(path, `one tensor for one use`, `${other} and ${role}`);
  roles.set(key, role);
  return data;
}

export function checkRange(key: string, data: IntegerTensor, low: number, high: number, refuse: Refuse): void {
  for (let i = 0; i < data.length; i++) {
    const item = data[i] as number;
    if (item < low || item > high) refuse(`${tensorPath(key)}[${i}]`, `from ${low} to ${high}`, item);
  }
}

export function gridText(grid: Pick<LevelsInfo, 'bits' | 'signed' | 'scale' | 'spacing' | 'zeroPoint'>) {
  const { bits, signed, scale, spacing, zeroPoint } = grid;
  const zeros = [...new Set(zeroPoint)];
  const levels = `${bits} ${signed ? 'signed' : 'unsigned'} ${spacing === 2 ? 'mid-rise ' : ''}bits`;
  return `${levels}, zero point ${zeros.length > 1 ? zeroPoint.join(' ') : zeros}, scale ${scale}`;
}

export function tensorPath(key: string): string {
  return `tensors[${show(key)}]`;
}
