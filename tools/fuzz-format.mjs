/**
 * Reads 100,000 damaged `.fqsr` files (`packages/runtime/test/fuzz`) in a process that may have 256 MiB of JavaScript objects and, where the system can limit it
 * (Linux), 1 GiB of writable memory in all: an allocation beyond that ends it with an error. From the root: `node tools/fuzz-format.mjs [files] [seed]`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import './assemble.mjs';

const HEAP_MIB = 256;
const DATA_KIB = 2 ** 20;

const folder = mkdtempSync(join(tmpdir(), 'fuzz-format-'));
try {
  const script = join(folder, 'main.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('../packages/runtime/test/fuzz/main.ts', import.meta.url))],
    outfile: script,
    bundle: true,
    format: 'esm',
    platform: 'node',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  const command = [
    'node',
    '--enable-source-maps',
    `--max-old-space-size=${HEAP_MIB}`,
    script,
    ...process.argv.slice(2),
  ];
  const isLimited = process.platform === 'linux';
  const { status } = isLimited
    ? spawnSync('sh', ['-c', `ulimit -d ${DATA_KIB} && exec "$@"`, 'sh', ...command], { stdio: 'inherit' })
    : spawnSync(process.execPath, command.slice(1), { stdio: 'inherit' });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
