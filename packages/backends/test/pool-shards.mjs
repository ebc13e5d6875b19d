/** The worker of the pool's tests: mean squared error of a small convolution. `shards.mjs` is what both threads share. */
import { serveShards } from '../dist/pool.js';
import { makeShardFunction } from './shards.mjs';

await serveShards(makeShardFunction);
