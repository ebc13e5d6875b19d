import { defineProject } from 'vitest/config';

/** Tests run on the sources of all workspace packages, so that a failing line is a line of TypeScript. */
export default defineProject({
  resolve: { conditions: ['@fqsr/source', 'module', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['@fqsr/source', 'module', 'node', 'import', 'default'] } },
  test: {
    environment: 'node',
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
  },
});
