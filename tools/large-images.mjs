/**
 * What upscaling large images x4 by `fqsr upscale` takes:
 * `npm run build && node tools/large-images.mjs [--network f16b1] [--sizes 1024x1024,2048x2048,4096x4096] [--memory MIB] [--format png|jpg]`.
 * Prints for each image its processor time, that for each pixel of input, and the most memory the process held. The network is an EDSR of `f` features and `b` blocks whose
 * weights are random integers of 8 bits.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { encodeRows } from '@fqsr/datasets';
import { serializeModel } from '@fqsr/runtime';
import { build } from 'esbuild';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const { values } = parseArgs({
  options: {
    network: { type: 'string', default: 'f16b1' },
    sizes: { type: 'string', default: '1024x1024,2048x2048,4096x4096' },
    memory: { type: 'string' },
    format: { type: 'string', default: 'png' },
  },
});

/** Waves and a little noise, row by row. */
async function* rows(width, height) {
  for (let y = 0, seed = 1; y < height; y++) {
    const data = new Uint8Array(3 * width);
    for (let i = 0; i < data.length; i++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      data[i] = 120 + 70 * Math.sin(i / 61 + y / 43) + 30 * Math.cos(y / 17 - i / 90) + (seed >>> 28);
    }
    yield { data };
  }
}

/** The network's file, by the builder of the runtime's tests. */
async function modelFile() {
  const [, features, blocks] = /^f(\d+)b(\d+)$/.exec(values.network) ?? [];
  if (!blocks) throw new Error(`[tools] large-images: --network must be like f16b1, got ${values.network} (f64b16)`);
  const { outputFiles } = await build({
    entryPoints: [at('../packages/runtime/test/models.ts')],
    bundle: true,
    write: false,
    format: 'esm',
  });
  const { edsr } = await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
  );
  const [size, eight] = [
    { features: Number(features), blocks: Number(blocks) },
    { weightBits: 8, bits: 8 },
  ];
  return serializeModel(edsr({ ...size, ...eight, scale: 4 }));
}

/** Runs the command; what its process used in the end. */
async function measure(args, folder) {
  const [hook, report] = [join(folder, 'hook.mjs'), join(folder, 'usage.json')];
  await writeFile(
    hook,
    `import { writeFileSync } from 'node:fs';
process.on('exit', () => writeFileSync(${JSON.stringify(report)}, JSON.stringify(process.resourceUsage())));`,
  );
  const child = spawn(process.execPath, ['--import', hook, at('../packages/cli/bin/fqsr.js'), ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`[tools] large-images: fqsr must end with 0, got ${code} (see above)`);
  const { maxRSS, userCPUTime, systemCPUTime } = JSON.parse(await readFile(report, 'utf8'));
  return { mebibytes: maxRSS / 1024, seconds: (userCPUTime + systemCPUTime) / 1e6 };
}

const folder = await mkdtemp(join(tmpdir(), 'fqsr-large-'));
try {
  const model = join(folder, 'model.fqsr');
  await writeFile(model, await modelFile());
  for (const size of values.sizes.split(',')) {
    const [width, height] = size.split('x').map(Number);
    const [input, output] = [join(folder, 'in.png'), join(folder, `out.${values.format}`)];
    await writeFile(input, encodeRows(rows(width, height), { width, height, path: input }));
    const memory = values.memory === undefined ? [] : ['--memory', values.memory];
    const { mebibytes, seconds } = await measure(['upscale', input, '-o', output, '--model', model, ...memory], folder);
    const perPixel = ((seconds * 1e6) / (width * height)).toFixed(2);
    const file = ((await stat(output)).size / 2 ** 20).toFixed(0);
    console.log(
      `${size}: ${seconds.toFixed(1)} s of processor time, ${perPixel} us per pixel, at most ${mebibytes.toFixed(0)} MiB, a file of ${file} MiB`,
    );
  }
} finally {
  await rm(folder, { recursive: true });
}
