/**
 * Checks the packages as npm would publish them: `node tools/check-packages.mjs` after `npm run build`. Packs each once and reads the tarball: publint and
 * "are the types wrong" (for importers of ESM, which is all that we publish) without findings, size within its budget, README and licence there, nothing
 * but what is published on purpose, every source map whole, TensorFlow.js asked for as a peer. Prints a table; exit code 1 with the findings below it.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { manifestOf, packAll } from './pack.mjs';

/** Most bytes of each tarball, source maps included: a quarter above what it was when this was written. Of sr-models most is the zoo, of the command the page. */
const budgets = {
  backends: 200_000,
  cli: 420_000,
  datasets: 260_000,
  metrics: 20_000,
  'quant-core': 200_000,
  runtime: 290_000,
  'sr-models': 2_700_000,
};
const published =
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|bin\/[^/]+\.js|recipes\/.+|zoo\/[^/]+\.(fqsr|json|md)|dist\/.+\.(js|d\.ts|js\.map|wasm)|dist\/page\/.+\.(html|css|js))$/;
/** How a package that is ESM alone may be imported. */
const resolutions = ['node16-esm', 'bundler'];

const folder = await mkdtemp(join(tmpdir(), 'fqsr-packages-'));
try {
  const checked = [];
  for (const packed of await packAll(folder)) checked.push({ ...packed, findings: await findingsOf(packed) });
  console.log('| package | packed | budget | unpacked | files |\n| --- | --- | --- | --- | --- |');
  for (const each of checked) {
    const { name, size, unpackedSize, files } = each;
    console.log(`| ${name} | ${size} | ${budgets[each.folder]} | ${unpackedSize} | ${files.length} |`);
  }
  const findings = checked.flatMap(({ name, findings: own }) => own.map((finding) => `${name}: ${finding}`));
  for (const finding of findings) console.error(finding);
  console.log(`${checked.length} packages, ${findings.length} findings`);
  process.exitCode = findings.length > 0 ? 1 : 0;
} finally {
  await rm(folder, { recursive: true });
}

async function findingsOf({ folder: source, tarball, size, files }) {
  const bytes = readFileSync(tarball);
  const manifest = manifestOf(source);
  const unpacked = createPackageFromTarballData(bytes);
  const at = (path) => `/node_modules/${manifest.name}/${path}`;
  const contents = new Map(files.map((path) => [path, unpacked.readFile(at(path))]));
  return [
    ...(await lint(bytes)),
    ...(await typeProblems(unpacked)),
    ...(size <= (budgets[source] ?? 0)
      ? []
      : [`must pack to at most ${budgets[source]} bytes, got ${size} (make it smaller, or raise its budget)`]),
    ...['README.md', 'LICENSE'].filter((path) => !files.includes(path)).map((path) => `must hold ${path}`),
    ...(/MIT License/.test(contents.get('LICENSE')) ? [] : ['LICENSE must be the MIT License']),
    ...files.filter((path) => !published.test(path)).map((path) => `must not hold ${path}`),
    ...files.filter((path) => path.endsWith('.js')).flatMap((path) => mapProblems(path, contents)),
    ...manifestProblems(manifest),
  ];
}

async function lint(bytes) {
  const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const { messages, pkg } = await publint({ pack: { tarball }, level: 'suggestion', strict: true });
  return messages.map((message) => `publint: ${formatMessage(message, pkg, { color: false })}`);
}

async function typeProblems(unpacked) {
  const { problems } = await checkPackage(unpacked);
  if (problems === undefined) return ['types: must have some'];
  return problems
    .filter(({ resolutionKind }) => resolutionKind === undefined || resolutions.includes(resolutionKind))
    .map(({ kind, entrypoint = '', fileName = '' }) => `types: ${kind} ${entrypoint}${fileName}`);
}

/** A map must be there, and its sources in it or beside it: a debugger fetches nothing. */
function mapProblems(path, contents) {
  const name = /\/\/# sourceMappingURL=(\S+)\s*$/.exec(contents.get(path))?.[1];
  if (name === undefined) return [];
  const at = posix.join(posix.dirname(path), name);
  if (!contents.has(at)) return [`${path} must have its source map ${at}, got none`];
  const { sources, sourcesContent = [] } = JSON.parse(contents.get(at));
  return sources
    .filter((source, i) => sourcesContent[i] == null && !contents.has(posix.join(posix.dirname(at), source)))
    .map((source) => `${at} must hold its source ${source}, got its name alone`);
}

function manifestProblems(manifest) {
  const { name, description, license, type, engines, sideEffects, publishConfig, dependencies, peerDependencies } =
    manifest;
  const tfjs = '@tensorflow/tfjs';
  return [
    ...(description ? [] : ['must have a description']),
    ...(license === 'MIT' ? [] : ['must have license MIT']),
    ...(type === 'module' ? [] : ['must have type module']),
    ...(engines?.node === '>=20.19' ? [] : ['must have engines.node >=20.19']),
    ...(sideEffects === undefined ? ['must say what has sideEffects'] : []),
    ...(publishConfig?.access === 'public' ? [] : ['must have publishConfig.access public']),
    // A second copy beside its user's would not see the same tensors. The command has no user of that kind.
    ...(name !== '@fqsr/cli' && dependencies?.[tfjs] ? [`must have ${tfjs} as a peer`] : []),
    ...([undefined, '^4.22.0'].includes(peerDependencies?.[tfjs]) ? [] : [`must have the peer ${tfjs} ^4.22.0`]),
  ];
}
