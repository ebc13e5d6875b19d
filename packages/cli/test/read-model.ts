import { readFileSync } from 'node:fs';
import { type IntegerModel, parseModel } from '@fqsr/runtime/format';

/** The integer model in a file. */
export const readModel = (path: string): IntegerModel => parseModel(readFileSync(path));
