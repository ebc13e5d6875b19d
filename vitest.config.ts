import { defineConfig } from 'vitest/config';

// By default one processor stays idle, which on two is half of them.
export default defineConfig({ test: { projects: ['packages/*', 'tools'], maxWorkers: '100%' } });
