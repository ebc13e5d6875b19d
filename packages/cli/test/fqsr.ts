/** Runs the built command as a user would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const bin = fileURLToPath(new URL('../bin/fqsr.js', import.meta.url));

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts `fqsr`; `ended` resolves when it does. @param node options of Node itself */
export function start(
  args: readonly string[],
  node: readonly string[] = [],
): { readonly process: ChildProcess; readonly ended: Promise<Ended> } {
  const process = spawn(globalThis.process.execPath, [...node, bin, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  process.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  process.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const ended = new Promise<Ended>((resolve) => {
    process.on('close', (code) => {
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
    });
  });
  return { process, ended };
}

/** Runs `fqsr` to its end. */
export const fqsr = (...args: string[]): Promise<Ended> => start(args).ended;

/** A folder that goes away after the file's tests. */
export function scratch(): (...parts: string[]) => string {
  const folder = mkdtempSync(join(tmpdir(), 'fqsr-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return (...parts) => join(folder, ...parts);
}

/** A training small enough for a test. */
export const tiny = [
  '--model',
  'edsr-f4b1',
  '--data',
  'dead-leaves:8:64',
  '--batch-size',
  '2',
  '--patch-size',
  '8',
  '--patches-per-image',
  '2',
];
