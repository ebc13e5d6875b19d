import { z } from 'zod';
import { defineCommand, text } from '../command.js';
import { assertWritable, writeWhole } from '../files.js';
import { madeHere } from '../report/provenance.js';
import { readRunFolders } from '../report/run-folder.js';
import { runReport } from '../report/run-report.js';

/** `fqsr report`: training runs as one HTML file. */
export const reportCommand = defineCommand({
  arguments: [{ name: '<run...>', description: 'folders of fqsr train' }],
  example: 'fqsr report runs/float runs/w4a4s8 -o report.html',
  options: z.object({
    output: text({ description: 'the file', value: 'file', short: 'o' }).default('report.html'),
  }),
  run: async (paths, { output }) => {
    const runs = await readRunFolders(paths);
    await assertWritable(output);
    await writeWhole(output, await runReport(runs, await madeHere()));
    const rows = runs.map(({ path, config, log, validations, modelHash }) => ({
      run: path,
      model: config.model.name,
      scale: config.model.config.scale,
      plan: config.plan?.name ?? null,
      steps: log.at(-1)?.step ?? 0,
      of: config.steps,
      psnr: validations.at(-1)?.psnr ?? null,
      ssim: validations.at(-1)?.ssim ?? null,
      modelSha256: modelHash,
    }));
    return { json: { report: output, runs: rows }, text: output };
  },
});
