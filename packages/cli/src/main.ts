/**
 * The command `fqsr`.
 */
import { run } from './program.js';

// A reader that has seen enough, as `head`, closes the pipe. Nobody waits for results then; a command whose messages alone are unread goes on.
process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') process.exit(0);
  process.stderr.write(`fqsr: output must be writable, got ${message}\n`);
  process.exit(1);
});
process.stderr.on('error', () => undefined);

process.exitCode = await run(process.argv.slice(2));
