import { type BackendReport, examineHost, type HostReport } from '@fqsr/backends';
import { z } from 'zod';
import { defineCommand, flag } from '../command.js';
import { quantity, table } from '../table.js';

/** `fqsr doctor`: what this machine can do, and what to do about what it cannot. */
export const doctorCommand = defineCommand({
  arguments: [],
  example: 'fqsr doctor --operations',
  options: z.object({
    operations: flag({ description: 'list every operation and gradient by backend, not only those that differ' }),
  }),
  run: async (_args, { operations }, io) => {
    const host = await examineHost((name) => io.say(`checking ${name}`));
    const node = { node: process.version, platform: process.platform, arch: process.arch };
    const parts = [
      `Node ${node.node} on ${node.platform} ${node.arch}, ${host.logicalCores} logical cores`,
      describeThreads(host),
      describeGpu(host),
      backendTable(host.backends),
      operationTable(host.backends, operations),
      `auto takes ${host.auto.name}: ${host.auto.why}`,
      ...(host.advice.length > 0 ? [['what to do:', ...host.advice.map((line) => `- ${line}`)].join('\n')] : []),
    ];
    return { json: { ...node, ...host }, text: parts.join('\n\n') };
  },
});

function describeThreads({ sharedMemory, wasm }: HostReport): string {
  const has = (name: string, present: boolean) => `${name} ${present ? 'yes' : 'no'}`;
  return [has('shared memory', sharedMemory), has('WASM SIMD', wasm.simd), has('relaxed SIMD', wasm.relaxedSimd)].join(
    ', ',
  );
}

function describeGpu({ gpu }: HostReport): string {
  if (!gpu) return 'GPU: none that WebGPU finds';
  const { vendor, architecture, description, software, limits } = gpu;
  const name = description || [vendor, architecture].filter(Boolean).join(' ') || 'unnamed';
  const rows = Object.entries(limits).map(([limit, value]) => [
    limit,
    limit.includes('Size') && value > 4096 ? quantity(value, 'B') : String(value),
  ]);
  return [`GPU: ${name}${software ? ', imitated by software' : ''}`, table(['limit', 'value'], rows)].join('\n');
}

/** GFLOP/s of a 3x3 convolution, and how many operations are within their bounds. */
function backendTable(backends: readonly BackendReport[]): string {
  const rows = backends.map(({ name, available, speed, operations }) => {
    if (!available || !speed) return [name, '-', '-', '-', '-', 'does not start'];
    const good = operations.filter(({ holds }) => holds).length;
    const rates = [speed.forward, speed.inputGradient, speed.filterGradient].map((rate) => rate.toPrecision(3));
    return [name, ...rates, speed.shape.join('x'), `${good} of ${operations.length}`];
  });
  const head = ['backend', 'forward', 'input gradient', 'filter gradient', 'measured on', 'operations within bounds'];
  return [table(head, rows), 'GFLOP/s of a 3x3 convolution; a multiply-add is two.'].join('\n');
}

/** Operations by backend: all of them, or those that are not within bounds on all. */
function operationTable(backends: readonly BackendReport[], all: boolean): string {
  const working = backends.filter(({ available }) => available);
  const ops = working[0]?.operations.map(({ op }) => op) ?? [];
  const rows = ops.map((op) => [
    op,
    ...working.map(({ operations }) => {
      const own = operations.find((operation) => operation.op === op);
      return own?.holds ? 'yes' : own?.known || 'OUT OF BOUNDS';
    }),
  ]);
  const shown = all ? rows : rows.filter((row) => row.slice(1).some((cell) => cell !== 'yes'));
  if (shown.length === 0) return 'Every operation is within its bounds on every backend.';
  return table(['operation', ...working.map(({ name }) => name)], shown);
}
