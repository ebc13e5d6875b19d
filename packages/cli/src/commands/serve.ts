import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { defineCommand, text, whole } from '../command.js';
import { CliError } from '../errors.js';
import { servedModels } from '../serve/models.js';
import { pageFolder, runNames } from '../serve/runs.js';
import { startServer } from '../serve/server.js';

/** `fqsr serve`: a page that upscales in the browser, and shows training runs. */
export const serveCommand = defineCommand({
  arguments: [{ name: '[model...]', description: '.fqsr files beside the networks of fqsr zoo' }],
  example: 'fqsr serve demo-out/model.fqsr',
  options: z.object({
    port: whole({ description: 'to listen on; 0 takes a free one', value: 'n' }, 0, 65535).default(8080),
    host: text({ description: 'to listen on; others than this machine may then come', value: 'name' }).default(
      '127.0.0.1',
    ),
    runs: text({ description: 'folder with run folders of fqsr train', value: 'folder' }).default('runs'),
  }),
  run: async (specs, { port, host, runs }, io) => {
    if (!existsSync(join(pageFolder, 'index.html'))) {
      throw new CliError('serve: the page must be built, got none beside this program (npm run build)');
    }
    const models = await servedModels(specs);
    const { server, url } = await startServer({ models, runs, page: pageFolder }, { host, port });
    io.say(`${url} (Ctrl-C ends it)`);
    await new Promise<void>((resolve) => {
      if (io.signal.aborted) resolve();
      io.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    server.close();
    server.closeAllConnections();
    const json = { url, models: [...models.keys()], runs: await runNames(runs) };
    return { json, text: 'stopped' };
  },
});
