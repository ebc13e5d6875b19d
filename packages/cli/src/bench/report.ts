/** What `fqsr bench` prints. */
import { availableParallelism } from 'node:os';
import { quantity, table } from '../table.js';
import type { Measured } from './measure.js';
import { median } from './measure.js';
import { ours, peers } from './peers/registry.js';
import type { LoadTimes, Phase } from './protocol.js';

/** A table for terminals, or in Markdown. */
export type Draw = (head: readonly string[], rows: readonly (readonly string[])[]) => string;

/** In Markdown. */
export const markdown: Draw = (head, rows) => {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
};

/** Tables by `--markdown`. */
export const drawing = (asMarkdown: boolean): Draw => (asMarkdown ? markdown : table);

/** The machine, without its name. */
export function describeMachine(): string {
  return `Node ${process.version}, ${process.platform} ${process.arch}, ${availableParallelism()} cores`;
}

const three = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

/** Engines on one size, and how many times as long as ours they take. */
export function engineTable(measured: readonly Measured[], draw: Draw): string {
  const own = measured.find(({ peer }) => peer === ours);
  const times = (value: number, by: number | undefined) => (by === undefined ? '-' : `${three(value / by)}x`);
  const rows = measured.map(({ peer, version, threads, best, median: middle, cpu, peakBytes, apart }) => [
    peers[peer].label,
    version,
    String(threads),
    three(best),
    three(middle),
    times(best, own?.best),
    three(cpu),
    times(cpu, own?.cpu),
    quantity(peakBytes, 'B'),
    apart === null ? '-' : String(apart),
  ]);
  const head = [
    'engine',
    'version',
    'threads',
    'us a pixel, best',
    'median',
    'to ours',
    'processor us a pixel',
    'to ours',
  ];
  return draw([...head, 'peak memory', 'levels apart'], rows);
}

/** One engine on several sizes. */
export function sizeTable(measured: readonly Measured[], draw: Draw): string {
  const rows = measured.map(({ peer, width, height, runs, best, median: middle, cpu, peakBytes, idleBytes }) => [
    peers[peer].label,
    `${height}x${width}`,
    String(runs),
    three(best),
    three(middle),
    three(cpu),
    `${three((middle * width * height) / 1e6)} s`,
    quantity(peakBytes, 'B'),
    quantity(peakBytes - idleBytes, 'B'),
  ]);
  const head = ['engine', 'input', 'runs', 'us a pixel, best', 'median', 'processor us a pixel', 'an image'];
  return draw([...head, 'peak memory', 'of it not Node'], rows);
}

/** How far the time of a pixel depends on the size: greatest by least, less one. */
export function spread(measured: readonly Measured[], of: 'median' | 'cpu'): number {
  const values = measured.map((each) => each[of]);
  return Math.max(...values) / Math.min(...values) - 1;
}

/** A fresh process from its start to its first upscaled image. */
export function loadTable(loads: readonly LoadTimes[], draw: Draw): string {
  const sums: readonly (readonly [string, readonly (keyof LoadTimes)[]])[] = [
    ['import the runtime', ['import']],
    ['read the file', ['read']],
    ['parse, check, compile, plan', ['load']],
    ['first image, 16x16', ['firstImage']],
    ['read to first image', ['read', 'load', 'firstImage']],
    ['import to first image', ['import', 'read', 'load', 'firstImage']],
    ['start of Node to first image', ['start', 'import', 'read', 'load', 'firstImage']],
  ];
  const rows = sums.map(([label, phases]) => {
    const sorted = (of: keyof Phase) =>
      loads.map((load) => phases.reduce((sum, phase) => sum + load[phase][of], 0)).sort((a, b) => a - b);
    const [ms, cpuMs] = [sorted('ms'), sorted('cpuMs')];
    return [label, ...[ms[0], median(ms), cpuMs[0], median(cpuMs)].map((value = Number.NaN) => value.toFixed(1))];
  });
  return draw(['phase', 'ms, best', 'median', 'processor ms, best', 'median'], rows);
}
