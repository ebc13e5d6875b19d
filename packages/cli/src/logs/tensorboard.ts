/** A TensorBoard event file beside a run's other logs. */
import { appendFile } from 'node:fs/promises';
import { readIfThere, writeWhole } from '../files.js';
import type { LogSink } from './sink.js';
import { type EventValue, encodeEvent, stepOf } from './tensorboard-event.js';
import { encodeRecord, readRecords } from './tf-record.js';

/** TensorBoard finds files by `tfevents` in their names. */
export const eventFileName = 'events.out.tfevents.fqsr';

/**
 * Opens the event file of a run that goes on at a step: events of later steps, which the run will take again, are cut off.
 *
 * Tags: `loss/total` and each term, `rate/learning`, `validation/psnr`, `validation/ssim`, and the sample images.
 */
export async function openTensorboard(path: string, from: number): Promise<LogSink> {
  const kept = await keptEvents(path, from);
  await writeWhole(path, kept.length > 0 ? kept : event(0, [], 'brain.Event:2'));
  const append = (step: number, values: readonly EventValue[]) => appendFile(path, event(step, values));
  return {
    step: ({ step, loss, learningRate, terms = {} }) =>
      append(step, [
        { tag: 'loss/total', scalar: loss },
        ...Object.entries(terms).map(([name, scalar]) => ({ tag: `loss/${name}`, scalar })),
        { tag: 'rate/learning', scalar: learningRate },
      ]),
    validation: ({ step, psnr, ssim }, samples) =>
      append(step, [
        { tag: 'validation/psnr', scalar: psnr },
        { tag: 'validation/ssim', scalar: ssim },
        ...samples.map(({ name, ...image }) => ({ tag: `validation/${name}`, image })),
      ]),
  };
}

function event(step: number, values: readonly EventValue[], fileVersion?: string): Uint8Array {
  const version = fileVersion === undefined ? {} : { fileVersion };
  return encodeRecord(encodeEvent({ wallTime: Date.now() / 1000, step, values, ...version }));
}

async function keptEvents(path: string, from: number): Promise<Uint8Array> {
  const bytes = await readIfThere(path);
  if (bytes === null) return new Uint8Array(0);
  let end = 0;
  for (const record of readRecords(bytes)) {
    if (stepOf(record.data) > from) break;
    end = record.end;
  }
  return bytes.subarray(0, end);
}
