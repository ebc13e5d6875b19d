/**
 * `resizeBicubic` of 1920x1080 down x4: the first call of a process, which the JavaScript engine compiles meanwhile, and the later ones. Wall time, and the processor time of all
 * threads together: what it takes on one core. After a build: `node bench/cold.mjs [PROCESSES]`.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { makeImage, resizeBicubic } from '../dist/index.js';

const self = fileURLToPath(import.meta.url);
const LATER = 20;

async function measure() {
  const image = makeImage(
    1920,
    1080,
    Uint8Array.from({ length: 1920 * 1080 * 3 }, (_, i) => Math.imul(i, 2654435761) >>> 24),
  );
  // What was compiled for the lines above is not to be counted.
  await new Promise((resolve) => setTimeout(resolve, 200));
  const calls = Array.from({ length: 1 + LATER }, () => {
    const [started, used] = [performance.now(), process.cpuUsage()];
    resizeBicubic(image, 1 / 4);
    const { user, system } = process.cpuUsage(used);
    return { wall: performance.now() - started, processor: (user + system) / 1000 };
  });
  console.log(JSON.stringify(calls));
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

function report(processes) {
  const runs = Array.from({ length: processes }, () =>
    JSON.parse(execFileSync(process.execPath, [self, 'measure'], { encoding: 'utf8' })),
  );
  const show = (name, calls) => {
    const [wall, processor] = ['wall', 'processor'].map((of) => median(calls.map((call) => call[of])).toFixed(1));
    console.log(`${name}: ${wall} ms of wall time, ${processor} ms of processor time`);
  };
  console.log(`node ${process.version}, resizeBicubic 1920x1080 to 480x270, medians over ${processes} processes`);
  show(
    'first call',
    runs.map(([first]) => first),
  );
  show(
    'later calls',
    runs.flatMap(([, ...later]) => later),
  );
}

if (process.argv[2] === 'measure') await measure();
else report(Number(process.argv[2] ?? 9));
