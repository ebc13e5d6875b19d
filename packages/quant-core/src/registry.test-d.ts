/** What the types promise; checked by the compiler. */
import type * as tf from '@tensorflow/tfjs';
import { expectTypeOf } from 'vitest';
import { makeSpec, type QuantSpec } from './quant-spec.js';
import { type Quantizer, type QuantizerName, quantizers, type Ste, type SteName, stes } from './registry.js';

const spec = makeSpec({ bits: 4, steOptions: { delta: 0.1 } });
expectTypeOf(spec).toEqualTypeOf<QuantSpec>();
// @ts-expect-error a spec is read-only
spec.bits = 3;
// @ts-expect-error and so are its options
spec.steOptions['delta'] = 1;
// @ts-expect-error a grid is one of two
makeSpec({ bits: 4, grid: 'log' });
// @ts-expect-error bits have no default
makeSpec({ signed: true });

expectTypeOf<'lsq-log' | 'fqsr' | 'static'>().toExtend<QuantizerName>();
expectTypeOf<'clipped' | 'ste-scale'>().toExtend<SteName>();
expectTypeOf<'none'>().not.toExtend<QuantizerName>();
expectTypeOf(quantizers[spec.quantizer as QuantizerName]).toExtend<Quantizer>();
expectTypeOf(stes[spec.ste as SteName]).toExtend<Ste>();
expectTypeOf<ReturnType<Quantizer['grid']>['step']>().toEqualTypeOf<tf.Tensor1D | null>();
