/** The other threads of `training-step.mjs` and `training-memory.mjs`. */
import { useBackend } from '@fqsr/backends';
import { serveShards } from '@fqsr/backends/pool';
import { shardFunction } from '@fqsr/sr-models';
import { graphFor, options } from './step-setting.mjs';

await serveShards(async ({ plan }) => {
  await useBackend('wasm');
  return shardFunction(graphFor(plan), options);
});
