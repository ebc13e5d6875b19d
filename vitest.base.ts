import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { defineProject, mergeConfig } from 'vitest/config';
import { softwareGpu } from './tools/gpu/software-gpu.ts';
import { sourceAliases } from './tools/sources.ts';

/**
 * Test processes are forks and inherit this environment: they find a Vulkan device from their first line on, which neither the loader nor the linker would
 * look for later. On a machine with a GPU nothing is set.
 */
Object.assign(process.env, (await softwareGpu()).env);

// The runtime's kernels, compiled unless they are up to date: its sources import them.
execFileSync(process.execPath, [fileURLToPath(new URL('./tools/assemble.mjs', import.meta.url))], { stdio: 'inherit' });

/** Tests run on the sources of all workspace packages, so that a failing line is a line of TypeScript. */
const base = defineProject({
  resolve: { alias: sourceAliases() },
  test: {
    environment: 'node',
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
  },
});

export default base;

/** For packages whose tests leave nothing behind that another file could meet: a process runs one file after the other, and reads TensorFlow.js once. */
export const oneProcess = mergeConfig(base, { test: { isolate: false } });
