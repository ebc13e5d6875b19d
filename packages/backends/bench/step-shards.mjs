/** The worker of `training-step.mjs`. */
import { serveShards } from '../dist/pool.js';
import { makeShardFunction } from './step-network.mjs';

await serveShards(makeShardFunction);
