/**
 * The long run: `node tools/fuzz-format.mjs [files] [seed]` starts it, with limits on memory; 100,000 files of seed 1 by default.
 * Prints tables of what became of the files, by kind of change and by reason, and the worst time and memory of a reading. Exits with 1 at the first file that
 * is neither refused by name nor run alike by all backends, that takes longer to read than 5 seconds of processor time, or more memory than the limits.
 */
import { getHeapStatistics } from 'node:v8';
import { expectSame, read } from './judge.js';
import { kinds, openMutator } from './mutate.js';

const [files = 100_000, seed = 1] = process.argv.slice(2).map(Number);
/** Longest reading, in seconds of processor time: of files of up to 16 MiB. */
const SECONDS = 5;

const mutant = openMutator(seed);
const byKind = new Map(kinds.map((kind) => [kind as string, { refused: 0, same: 0 }]));
const byReason = new Map<string, number>();
const worst = { seconds: 0.02, buffers: 0, file: 0 };

for (let number = 0; number < files; number++) {
  const { family, kind, file, originals } = mutant(number);
  const counts = byKind.get(kind) ?? { refused: 0, same: 0 };
  try {
    const before = getHeapStatistics().external_memory;
    const started = performance.now();
    const outcome = read(file);
    // The clock is cheap; only where it says something, processor time is asked for.
    if (performance.now() - started > 1000 * worst.seconds) {
      const { user, system } = process.cpuUsage();
      read(file);
      const end = process.cpuUsage();
      const seconds = (end.user - user + end.system - system) / 1e6;
      if (seconds > worst.seconds) Object.assign(worst, { seconds, file: file.length });
      if (seconds > SECONDS) throw new Error(`${seconds} s for a file of ${file.length} bytes`);
    }
    worst.buffers = Math.max(worst.buffers, getHeapStatistics().external_memory - before);
    if ('reason' in outcome) {
      counts.refused++;
      byReason.set(outcome.reason, (byReason.get(outcome.reason) ?? 0) + 1);
    } else {
      await expectSame(outcome.model, originals);
      counts.same++;
    }
  } catch (cause) {
    throw new Error(`file ${number} of seed ${seed}, ${family}, ${kind}`, { cause });
  }
  if (number % 5000 === 4999) process.stderr.write(`${number + 1} files\n`);
}

const print = (line: string) => process.stdout.write(`${line}\n`);
const thousands = (count: number) => count.toLocaleString('en-US');
const row = (...cells: readonly (string | number)[]) =>
  print(
    `| ${cells.map((cell) => (typeof cell === 'number' ? thousands(cell) : cell.replaceAll('|', '\\|'))).join(' | ')} |`,
  );

row('change', 'refused', 'run, all backends equal');
row('---', '---', '---');
for (const [kind, { refused, same }] of byKind) row(kind, refused, same);
const all = [...byKind.values()];
row(
  'all',
  all.reduce((sum, { refused }) => sum + refused, 0),
  all.reduce((sum, { same }) => sum + same, 0),
);
print('');
row('reason', 'files');
row('---', '---');
for (const [reason, count] of [...byReason].sort()) row(reason, count);
print('');
print(`longest reading: ${worst.seconds.toFixed(2)} s of processor time, of a file of ${thousands(worst.file)} bytes`);
print(
  `most memory outside the heap that a reading adds: ${(worst.buffers / 2 ** 20).toFixed(1)} MiB; most resident: ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`,
);
