/** Runs commands in this process, from source: faster than `fqsr.ts` where a test needs no process of its own. */
import { vi } from 'vitest';
import { run } from '../src/program.js';

/** How a command ended here; `said` is both streams, as they came. */
export interface EndedHere {
  readonly code: number;
  readonly said: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `fqsr`. */
export async function runHere(...args: string[]): Promise<EndedHere> {
  const said: string[] = [];
  const spied = (['stdout', 'stderr'] as const).map((name) => {
    const own: string[] = [];
    const spy = vi.spyOn(process[name], 'write').mockImplementation((text: string | Uint8Array) => {
      for (const written of [own, said]) written.push(String(text));
      return true;
    });
    return { own, spy };
  });
  const [stdout, stderr] = spied.map(({ own }) => own) as [string[], string[]];
  try {
    return { code: await run(args), said: said.join(''), stdout: stdout.join(''), stderr: stderr.join('') };
  } finally {
    for (const { spy } of spied) spy.mockRestore();
  }
}
