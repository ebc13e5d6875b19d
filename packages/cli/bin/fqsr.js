#!/usr/bin/env node
import { existsSync } from 'node:fs';

const main = new URL('../dist/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  console.error('fqsr: the command is not built yet (run "npm run build" in the checkout)');
  process.exitCode = 1;
}
