/**
 * WGSL that the kernels share.
 *
 * Stored tensors are NHWC, four channels in a u32, the lowest in the low byte; channels are padded to a multiple of 4. A byte is always an int8: `q` where the grid
 * is signed, `q - 128` where it is not. Zero points and clamps move by the same, so every product of levels and weights is one of int8 by int8, and no kernel
 * asks for signs. What stands in the channels of the padding is never used.
 */

/** How to multiply: by the language's packed product, or by unpacking, for hosts that lack `packed_4x8_integer_dot_product`. Both are exact. */
export type Dialect = 'packed' | 'unpacked';

/** The offset of a stored byte from its level. */
export const storedOffset = ({ signed }: { readonly signed: boolean }): number => (signed ? 0 : 128);

/** Words of a pixel. */
export const wordsOf = (channels: number): number => Math.ceil(channels / 4);

/** Threads of every workgroup. */
export const THREADS = 64;

const dots: Readonly<Record<Dialect, string>> = {
  packed: 'fn dot4(a: u32, b: u32) -> i32 { return dot4I8Packed(a, b); }',
  unpacked: 'fn dot4(a: u32, b: u32) -> i32 { return dot(levels(a), levels(b)); }',
};

/**
 * Every kernel's head: its inputs and outputs, `levels` (four int8 of a word), `word` (the reverse) and `dot4`, the int32 sum of four products.
 *
 * Bindings: 0 `size` (width and height in pixels of the step), then `constants` unless there are none, the tensors read (`from0`, ...), those written (`to0`, ...).
 */
export function prelude(dialect: Dialect, { constants, from, to }: Bindings): string {
  const bindings = [
    'var<uniform> size: vec4<u32>',
    ...(constants ? ['var<storage, read> constants: array<vec4<u32>>'] : []),
    ...Array.from({ length: from }, (_, i) => `var<storage, read> from${i}: array<u32>`),
    ...Array.from({ length: to }, (_, i) => `var<storage, read_write> to${i}: array<u32>`),
  ];
  return `${dialect === 'packed' ? 'requires packed_4x8_integer_dot_product;' : ''}
${bindings.map((binding, i) => `@group(0) @binding(${i}) ${binding};`).join('\n')}
fn levels(word: u32) -> vec4<i32> {
  return bitcast<vec4<i32>>(vec4(word) << vec4(24u, 16u, 8u, 0u)) >> vec4(24u);
}
fn word(levels: vec4<i32>) -> u32 {
  let bytes = bitcast<vec4<u32>>(levels) & vec4(255u);
  return bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u);
}
${dots[dialect]}
`;
}

/** What a kernel binds. */
export interface Bindings {
  /** Whether there are any. */
  readonly constants: boolean;
  readonly from: number;
  readonly to: number;
}

/** A kernel of one thread for each word of the output; `index` counts them, `count` is an expression of `size`. */
export function eachWord(count: string, body: string): string {
  return `
@compute @workgroup_size(${THREADS})
fn main(
  @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32
) {
  let index = (group.y * groups.x + group.x) * ${THREADS}u + lane;
  if (index >= ${count}) { return; }
${body}
}
`;
}

/** Workgroups along each dimension. */
export type Groups = readonly [number, number, number];

/** Most workgroups along a dimension: what every device has. */
export const GROUPS = 65535;

/** The workgroups of {@link eachWord}. */
export function groupsOfWords(count: number): Groups {
  const groups = Math.ceil(count / THREADS);
  const x = Math.min(groups, GROUPS);
  return [x, Math.ceil(groups / x), 1];
}
