/**
 * Compiles the runtime's AssemblyScript kernels into `packages/runtime/src/kernels/wasm/binary.generated.ts`, unless that is of these very sources.
 *
 *     node tools/assemble.mjs
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const runtime = join(dirname(fileURLToPath(import.meta.url)), '..', 'packages', 'runtime');
const folder = join(runtime, 'assembly');
const target = join(runtime, 'src', 'kernels', 'wasm', 'binary.generated.ts');
const require = createRequire(import.meta.url);

const flags =
  '-O3 --noAssert --runtime stub --importMemory --sharedMemory --initialMemory 1 --maximumMemory 65536 --enable simd --enable threads';

/** What the output depends on, as a hash. */
function stamp() {
  const hash = createHash('sha256')
    .update(flags)
    .update(readFileSync(fileURLToPath(import.meta.url)))
    .update(require('assemblyscript/package.json').version);
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .sort())
    hash.update(file).update(readFileSync(join(folder, file)));
  return hash.digest('hex').slice(0, 16);
}

async function compile() {
  const asc = await import('assemblyscript/asc');
  const output = new Map();
  const { error, stderr } = await asc.main(
    [join(folder, 'index.ts'), '--baseDir', folder, '--outFile', 'kernels.wasm', ...flags.split(' ')],
    {
      readFile: (name, base) => (existsSync(join(base, name)) ? readFileSync(join(base, name), 'utf8') : null),
      writeFile: (name, contents) => void output.set(name, contents),
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`[tools] assemble: the kernels must compile, got\n${stderr.toString()}`, { cause: error });
  return Buffer.from(output.get('kernels.wasm'));
}

const wanted = `// ${stamp()}`;
if (!existsSync(target) || !readFileSync(target, 'utf8').startsWith(wanted)) {
  const code = await compile();
  mkdirSync(dirname(target), { recursive: true });
  const text = `${wanted}\n/** Written by tools/assemble.mjs: the kernels' WebAssembly module in hexadecimal digits, which gzip packs tighter than base64. */\nexport const binary =\n  '${code.toString('hex')}';\n`;
  writeFileSync(`${target}.new`, text);
  renameSync(`${target}.new`, target);
}
