/** The reference backend: plain TypeScript, and what every other backend must equal bit for bit. */
import type { KernelTable } from '../kernel.js';
import { add } from './add.js';
import { conv2d } from './conv2d.js';
import { input } from './input.js';
import { output } from './output.js';
import { pixelShuffle } from './pixelShuffle.js';
import { requantize } from './requantize.js';

export const referenceKernels: KernelTable = { input, conv2d, requantize, add, pixelShuffle, output };
