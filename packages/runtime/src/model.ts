/**
 * The integer model: what a `.fqsr` file holds and every kernel runs. Plain data; no float takes part in inference.
 *
 * A node's value is either *levels* (a stored tensor of at most 8 bits: `input`, `requantize`, `pixelShuffle`) or an *accumulator*
 * (int32, never stored between layers by a fused kernel: `conv2d`, `add`). `requantize` is the only way from accumulators to levels.
 * All tensors are NHWC with N = 1; nodes stand in an order in which every input precedes its user.
 */

/**
 * The grid of a stored tensor: real value = (level - zeroPoint) * scale; with `spacing` 2 (mid-rise) `(2 * (level - zeroPoint) + 1) * scale`, an odd number of
 * half steps.
 */
export interface LevelGrid {
  /** 1..8 */
  readonly bits: number;
  readonly signed: boolean;
  /** The level that stands for 0. */
  readonly zeroPoint: number;
  /** 2 on a mid-rise grid, which has no zero: levels are unsigned, and what lies outside the image counts as level `zeroPoint`. Else absent. */
  readonly spacing?: 2;
  /**
   * Step of the grid in grey levels (0..255): one for all channels, or one for each. Kept for people and audits; no kernel reads it, since factors
   * and weights already hold it.
   */
  readonly scale: number | readonly number[];
}

/** The uint8 RGB image, interleaved. `zeroPoint` is the rounded mean of each channel, which convolutions subtract. */
export interface InputNode {
  readonly op: 'input';
  readonly name: string;
  readonly channels: number;
  readonly zeroPoint: readonly number[];
}

/**
 * Stride-1 convolution with `same` padding: `acc[o] = bias[o] + sum v * w[o, ky, kx, i]`, int32, with `v = q - z`, and 0 outside the image, or on a mid-rise
 * grid `v = 2 * (q - z) + 1`, and 1 outside; with `edge` padding the pixels of the border are repeated outside.
 * Input: levels. Output: accumulator.
 */
export interface Conv2dNode {
  readonly op: 'conv2d';
  readonly name: string;
  readonly input: string;
  /** Height and width, odd. */
  readonly kernel: readonly [number, number];
  readonly inChannels: number;
  readonly outChannels: number;
  /**
   * Key of the weights in `tensors`: levels in OHWI order, int8, or int16 where they are mid-rise; packed at `weightBits` in the file, the odd levels as their
   * indices from the lowest.
   */
  readonly weight: string;
  /** 1..8; signed. */
  readonly weightBits: number;
  /** 2 for mid-rise weights, the odd numbers in `+-(2^weightBits - 1)`. Else absent. */
  readonly weightSpacing?: 2;
  /** What stands outside the image: its nearest pixel. Else absent, and zeros stand there. */
  readonly padding?: 'edge';
  /** Key of the biases: int32, one for each output channel. */
  readonly bias: string;
}

/** A fixed-point factor `m / 2^n`, one for all channels or one for each. */
export interface FactorKeys {
  /** Key of the multipliers: int32, length 1 or channels. */
  readonly multiplier: string;
  /** Key of the shifts: uint8 in [17, 62], same length. */
  readonly shift: string;
}

/** A function of the rescaled accumulator by table: `q = table[clamp(index, low, low + length - 1) - low]`. */
export interface LookupTable {
  /** Key of the levels: uint8, at most 4096. */
  readonly levels: string;
  /** The index of the first level. */
  readonly low: number;
}

/**
 * `q = clamp(((acc * m + 2^(n-1)) >> n) + z, qmin, qmax)`: one factor for all channels, or one for each. ReLU is the clamp; PReLU is another factor for
 * accumulators below zero; any other function (tanh) is a table, indexed by `(acc * m + 2^(n-1)) >> n`, whose entries are then clamped.
 * On a mid-rise grid `q = clamp(((acc * m) >> (n + 1)) + z, qmin, qmax)`: which step holds the value.
 * Input: accumulator. Output: levels.
 */
export interface RequantizeNode extends FactorKeys {
  readonly op: 'requantize';
  readonly name: string;
  readonly input: string;
  /** Key of the multipliers: int32 in [2^30, 2^31), length 1 or channels. */
  readonly multiplier: string;
  readonly shift: string;
  /** The factor of accumulators below zero: multipliers in +-[2^30, 2^31), or 0. */
  readonly negative?: FactorKeys;
  /** The grid is unsigned and its zero point 0 where there is a table. */
  readonly table?: LookupTable;
  readonly grid: LevelGrid;
  /** Clamp, inside what `bits` and `signed` allow. */
  readonly qmin: number;
  readonly qmax: number;
}

/** Exact integer sum of the values of two level tensors on one shared grid (same scale): `(a - za) + (b - zb)`. Output: accumulator. */
export interface AddNode {
  readonly op: 'add';
  readonly name: string;
  readonly inputs: readonly [string, string];
}

/**
 * Moves channels into space, grid unchanged. Input and output: levels.
 * - `dcr` (TensorFlow's depthToSpace): `out[y*f+dy, x*f+dx, c] = in[y, x, (dy*f + dx)*C + c]`
 * - `crd` (PyTorch's PixelShuffle): `out[y*f+dy, x*f+dx, c] = in[y, x, c*f*f + dy*f + dx]`
 */
export interface PixelShuffleNode {
  readonly op: 'pixelShuffle';
  readonly name: string;
  readonly input: string;
  readonly factor: number;
  readonly order: 'dcr' | 'crd';
}

/** The uint8 image: its input must be 8-bit unsigned levels with zero point 0 and scale 1. */
export interface OutputNode {
  readonly op: 'output';
  readonly name: string;
  readonly input: string;
}

export type IntegerNode = InputNode | Conv2dNode | RequantizeNode | AddNode | PixelShuffleNode | OutputNode;
export type IntegerOp = IntegerNode['op'];

/** Constants of a model: weights and biases, multipliers and shifts. */
export type IntegerTensor = Int8Array | Int16Array | Int32Array | Uint8Array;

/** A lowered network. */
export interface IntegerModel {
  /** For people, e.g. `edsr-f16b4-x2-w4a4s8`. */
  readonly name: string;
  /** Upscaling factor. */
  readonly scale: number;
  readonly nodes: readonly IntegerNode[];
  readonly tensors: Readonly<Record<string, IntegerTensor>>;
  /** Free text for people: provenance, plan, versions. */
  readonly metadata: Readonly<Record<string, string>>;
}
