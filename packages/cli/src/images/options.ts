/** The options of commands that write images. */
import { formatOf } from '@fqsr/datasets';
import { z } from 'zod';
import { flag, whole } from '../command.js';
import { UsageError } from '../errors.js';

/** The flags. */
export const imageOptions = {
  quality: whole(
    { description: 'of JPEG, WebP and AVIF, 1 to 100 (default: 95, lossless, 90)', value: 'n' },
    1,
    100,
  ).optional(),
  chroma: z
    .enum(['4:4:4', '4:2:0'])
    .optional()
    .meta({ description: 'of JPEG and AVIF: 4:2:0 is smaller (default: 4:4:4)', value: 'kind' }),
  strip: flag({ description: 'leave EXIF, XMP and colour profile; colours become sRGB' }),
  background: z
    .string()
    .regex(/^#([\da-f]{3}|[\da-f]{6})$/i, 'must be a colour such as #ffffff')
    .optional()
    .meta({ description: 'colour to lay under transparent pixels, for instance #ffffff', value: 'colour' }),
  page: whole({ description: 'page or frame of a file of several, from 1', value: 'n' }, 1, 1e6).optional(),
};

/** What they say. */
export type ImageOptions = z.infer<z.ZodObject<typeof imageOptions>>;

/** Refuses an option that a format knows nothing of. @throws UsageError naming it */
export function checkImageOptions({ quality, chroma }: ImageOptions, path: string): void {
  const { options } = formatOf(path);
  for (const [name, value] of Object.entries({ quality, chroma })) {
    if (value === undefined || options.some((option) => option === name)) continue;
    throw new UsageError(`--${name}: must come with a format that has it, got ${path} (leave it out, or write a .jpg)`);
  }
}
