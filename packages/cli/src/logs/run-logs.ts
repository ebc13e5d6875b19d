/** All logs of a run as one. */
import { join } from 'node:path';
import { type JsonLines, openJsonLines } from './json-lines.js';
import type { LogLine, LogSink, ValidationLine } from './sink.js';
import { eventFileName, openTensorboard } from './tensorboard.js';

/** The logs of a run. */
export interface RunLogs extends LogSink {
  readonly steps: JsonLines<LogLine>['lines'];
  readonly validations: JsonLines<ValidationLine>['lines'];
}

/** Opens the logs in a run's folder: `log.jsonl`, `validation.jsonl` and, where asked for, a TensorBoard event file. */
export async function openRunLogs(
  folder: string,
  from: number,
  { tensorboard }: { readonly tensorboard: boolean },
): Promise<RunLogs> {
  const steps = await openJsonLines<LogLine>(join(folder, 'log.jsonl'), from);
  const validations = await openJsonLines<ValidationLine>(join(folder, 'validation.jsonl'), from);
  const board = tensorboard ? await openTensorboard(join(folder, eventFileName), from) : null;
  return {
    steps: steps.lines,
    validations: validations.lines,
    step: async (line) => {
      await steps.append(line);
      await board?.step(line);
    },
    validation: async (line, samples) => {
      await validations.append(line);
      await board?.validation(line, samples);
    },
  };
}
