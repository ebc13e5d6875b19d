/** The processes of `fqsr bench`. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CliError } from '../errors.js';
import type { Answer, Request } from './protocol.js';

/** Beside this file once it is built. */
const entry = fileURLToPath(new URL('./bench-child.js', import.meta.url));

/** A process that answers. */
export interface Worker {
  /** @throws CliError with the process's own words when it fails or ends */
  readonly ask: (request: Request) => Promise<Answer>;
  readonly stop: () => void;
}

/** Starts a process. @param what for messages */
export function startWorker(what: string): Worker {
  const child = fork(entry, [], {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const said: string[] = [];
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  return {
    ask: (request) => ask(child, request, (why) => failure(what, why, said.join(''))),
    stop: () => {
      child.kill('SIGKILL');
    },
  };
}

function ask(child: ChildProcess, request: Request, fail: (why: string) => CliError): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = (work: () => void) => {
      child.off('message', onMessage);
      child.off('exit', onExit);
      work();
    };
    const onMessage = (answer: Answer) =>
      settle(() => ('error' in answer ? reject(fail(answer.error)) : resolve(answer)));
    const onExit = (code: number | null, signal: string | null) =>
      settle(() => reject(fail(`it ended (${signal ?? `code ${code}`})`)));
    child.on('message', onMessage);
    child.on('exit', onExit);
    child.send(request, (error) => {
      if (error) settle(() => reject(fail(error.message)));
    });
  });
}

function failure(what: string, why: string, said: string): CliError {
  const last = said.trim().split('\n').at(-1);
  return new CliError(`bench: ${what} must run, got ${why}${last ? `: ${last}` : ''} (leave it out of --against)`);
}
