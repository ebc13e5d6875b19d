/** The second thread of `training-step.mjs`. */
import { useBackend } from '@fqsr/backends';
import { serveShards } from '@fqsr/backends/pool';
import { planFromPreset } from '@fqsr/quant-core';
import { graphOf, modelByName, shardFunction, trainerDefaults } from '@fqsr/sr-models';

await serveShards(async ({ plan }) => {
  await useBackend('wasm');
  const graph = graphOf({ model: modelByName('edsr-baseline', 4), plan: plan && planFromPreset(plan) });
  return shardFunction(graph, trainerDefaults);
});
