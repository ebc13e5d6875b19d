/**
 * What the command takes before it does anything: wall and processor time of each call, beside a Node that does nothing, and the same with TensorFlow.js read. Medians of calls that take turns. After a build:
 * `node packages/cli/bench/startup.mjs [--turns 9]`
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: args } = parseArgs({ options: { turns: { type: 'string', default: '9' } } });
const bin = fileURLToPath(new URL('../bin/fqsr.js', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));
const nothing = 'node, nothing';
const calls = {
  [nothing]: ['-e', ''],
  'node, TensorFlow.js': ['--input-type=module', '-e', "await import('@tensorflow/tfjs')"],
  'fqsr --help': [bin, '--help'],
  'fqsr zoo': [bin, 'zoo'],
  'fqsr upscale --help': [bin, 'upscale', '--help'],
  'fqsr train --help': [bin, 'train', '--help'],
};

/** Processor time of all children that have ended, in seconds: the kernel counts in hundredths. */
function childrenSeconds() {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ');
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

async function timeOf(given) {
  const [wall, cpu] = [performance.now(), childrenSeconds()];
  const child = spawn(process.execPath, given, { cwd: here, stdio: 'ignore' });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`startup: ${given.join(' ')} must end with 0, got ${code}`);
  return { wall: (performance.now() - wall) / 1000, cpu: childrenSeconds() - cpu };
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const times = Object.fromEntries(Object.keys(calls).map((name) => [name, []]));
for (let turn = 0; turn < Number(args.turns); turn++) {
  for (const [name, given] of Object.entries(calls)) times[name].push(await timeOf(given));
}
const of = (name, what) => median(times[name].map((time) => time[what]));
console.table(
  Object.keys(calls).map((name) => ({
    call: name,
    'wall s': of(name, 'wall').toFixed(2),
    'processor s': of(name, 'cpu').toFixed(2),
    'processor, times nothing': (of(name, 'cpu') / of(nothing, 'cpu')).toFixed(1),
  })),
);
