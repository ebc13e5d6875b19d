/** A thread of `fqsr train`: computes the gradients of its shards on its own WASM backend. */
import { useBackend } from '@fqsr/backends';
import { serveShards } from '@fqsr/backends/pool';
import { graphOf, shardFunction } from '@fqsr/sr-models';
import { openAids } from './training/aids.js';
import type { RunConfig } from './training/config.js';

await serveShards(async (config: RunConfig) => {
  await useBackend('wasm');
  const graph = graphOf(config);
  const { context } = await openAids(config, graph);
  return shardFunction(graph, config, context);
});
