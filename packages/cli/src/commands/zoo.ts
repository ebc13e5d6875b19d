import { zoo } from '@fqsr/sr-models/zoo';
import { z } from 'zod';
import { defineCommand } from '../command.js';
import { quantity, table } from '../table.js';

/** `fqsr zoo`: the networks that come along. */
export const zooCommand = defineCommand({
  arguments: [],
  example: 'fqsr zoo',
  options: z.object({}),
  run: async () => {
    const sets = [...new Set(zoo.flatMap(({ figures }) => Object.keys(figures)))];
    const rows = zoo.map(({ name, scale, bytes, bitOpsPerPixel, figures, float }) => [
      name,
      `x${scale}`,
      quantity(bytes, 'B'),
      quantity(bitOpsPerPixel, ''),
      ...sets.map((set) => {
        const [own, before] = [figures[set]?.psnr, float[set]?.psnr];
        return own === undefined || before === undefined ? '-' : `${own.toFixed(2)} (${before.toFixed(2)})`;
      }),
    ]);
    return {
      json: { models: zoo.map(({ url: _, ...card }) => card) },
      text: [
        table(['name', 'scale', 'file', 'BitOPs/pixel', ...sets], rows),
        'mean PSNR in dB of the integers, in brackets of the float network; every command takes a name for a model file',
      ].join('\n\n'),
    };
  },
});
