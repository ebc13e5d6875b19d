/** Plans of published quantizers: what each method quantizes where its definition says; the rest is `lsq-log`. */
import { makePlan, planFromPreset } from '../packages/quant-core/dist/index.js';

const unsigned = (spec) => ({ pattern: '*.conv2', role: 'activations', spec: { signed: false, ...spec } });

/** The preset with other weights and activations; its skips stay as they are. */
export const plan =
  (weights, activations, overrides = []) =>
  (preset) => {
    const { roles } = planFromPreset(preset);
    return makePlan({
      name: preset,
      roles: {
        ...roles,
        weights: { ...roles.weights, ...weights },
        activations: { ...roles.activations, ...activations },
      },
      overrides,
    });
  };

const dorefaWeights = { quantizer: 'dorefa', grid: 'midrise', narrow: false };

/** By name: what it quantizes, and its plan for a preset. */
export const methodPlans = {
  'lsq-log': { what: 'weights, activations', plan: plan({}, {}) },
  lsq: { what: 'weights, activations', plan: plan({ quantizer: 'lsq' }, { quantizer: 'lsq' }) },
  'lsq-plus': {
    what: 'activations; weights by lsq',
    plan: plan({ quantizer: 'lsq' }, { quantizer: 'lsq-plus', affine: true }),
  },
  fqsr: {
    what: 'weights and signed activations on the full range, others on the half range',
    plan: plan(
      { quantizer: 'fqsr', grid: 'midrise', narrow: false },
      { quantizer: 'fqsr', grid: 'midrise', signed: true },
      [unsigned({ grid: 'midtread' })],
    ),
  },
  pact: {
    what: 'activations after a ReLU; weights by dorefa',
    plan: plan(dorefaWeights, {}, [unsigned({ quantizer: 'pact' })]),
  },
  dorefa: {
    what: 'weights, activations after a ReLU',
    plan: plan(dorefaWeights, {}, [unsigned({ quantizer: 'dorefa' })]),
  },
  pams: {
    what: 'weights, activations, all signed and narrow',
    plan: plan({ quantizer: 'pams' }, { quantizer: 'pams', signed: true, narrow: true }),
  },
  ddtb: {
    what: 'activations; weights by lsq',
    plan: plan({ quantizer: 'lsq' }, { quantizer: 'ddtb', affine: true }),
  },
  quantsr: {
    what: 'activations; weights by lsq; both with the estimator quantsr',
    plan: plan({ quantizer: 'lsq', ste: 'quantsr' }, { quantizer: 'quantsr', ste: 'quantsr' }),
  },
  xnor: { what: 'weights, 1 bit', plan: plan({ quantizer: 'xnor', bits: 1, grid: 'midrise', narrow: false }, {}) },
  ternary: {
    what: 'weights, 2 bits; with the estimator identity',
    plan: plan({ quantizer: 'ternary', ste: 'identity', bits: 2 }, {}),
  },
  static: { what: 'weights, activations', plan: plan({ quantizer: 'static' }, { quantizer: 'static' }) },
};
