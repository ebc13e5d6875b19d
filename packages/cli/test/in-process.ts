/** Runs commands in this process, from source: faster than `fqsr.ts` where a test needs no process of its own. */
import { vi } from 'vitest';
import { run } from '../src/program.js';

/** Runs `fqsr`; what it said on both streams. */
export async function runHere(...args: string[]): Promise<{ readonly code: number; readonly said: string }> {
  const written: string[] = [];
  const keep = (text: string | Uint8Array) => {
    written.push(String(text));
    return true;
  };
  const spies = [process.stderr, process.stdout].map((stream) => vi.spyOn(stream, 'write').mockImplementation(keep));
  try {
    return { code: await run(args), said: written.join('') };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
