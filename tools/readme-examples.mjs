/** The first example of each package's README, made to run. */
import { readFileSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const golden = join(root, 'packages/runtime/test/goldens/edsr-x2-w4a4s8.fqsr');

/** What the example of each library prints; that of the command is a list of commands, which its own tests run. */
export const printed = {
  backends: /^(wasm|webgpu) \S.*\n$/,
  datasets: /^(\S+ \d+ \d+\n){3}$/,
  metrics: /^49\.45\n0\.99996\n1\.00000\n\{ psnr: 49\.45/,
  'quant-core': /\[2, -1, 7\][\s\S]*\[0\.2, -0\.1, 0\.7/,
  runtime: /(^|\n)1\n$/,
  'sr-models': /^true\nUint8Array\(768\)/,
};

/** The first code block in `js` or `ts` of a README, as JavaScript. */
export async function exampleOf(folder) {
  const readme = readFileSync(join(root, 'packages', folder, 'README.md'), 'utf8');
  const [, language, code] = /^```(js|ts)\n([\s\S]*?)^```$/m.exec(readme) ?? [];
  if (code === undefined) {
    throw new Error(`[tools] exampleOf: README of ${folder} must have a block in js or ts, got none (write one)`);
  }
  return (await transform(code, { loader: language, format: 'esm', target: 'node20' })).code;
}

/**
 * Writes the example of a package, and the files it reads, into a project that has the packages.
 *
 * @returns path of the script
 */
export async function writeExample(folder, project) {
  const script = join(project, `${folder}-readme.mjs`);
  await writeFile(script, await exampleOf(folder));
  if (folder === 'runtime') {
    await copyFile(golden, join(project, 'edsr-f16b4-x2-w4a4s8.fqsr'));
    await copyFile(join(root, 'docs/comparison.png'), join(project, 'in.png'));
  }
  return script;
}
