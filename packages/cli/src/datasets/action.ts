import type { Result } from '../command.js';
import type { DatasetsOptions } from '../commands/datasets.js';
import type { Io } from '../io.js';

/** An action of `fqsr datasets`. */
export interface Action {
  /** One line, for the help. */
  readonly summary: string;
  readonly run: (data: string | undefined, options: DatasetsOptions, io: Io) => Promise<Result>;
}
