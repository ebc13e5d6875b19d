/**
 * The command `fqsr`.
 */
import { run } from './program.js';

// A reader that has seen enough, as `head`, closes the pipe. Nobody waits for results then, and the exit code stays what it
// is; a command whose messages alone are unread goes on.
process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') process.exit();
  process.stderr.write(`fqsr: output must be writable, got ${message}\n`);
  process.exit(1);
});
process.stderr.on('error', () => undefined);

process.exitCode = await run(process.argv.slice(2));
