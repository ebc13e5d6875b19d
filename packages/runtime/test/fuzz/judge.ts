/** What becomes of a file: a named refusal, or a model that every backend runs to the same bytes. Anything else throws. */
import { type Engine, openReference } from '../../src/engine.js';
import { FormatError } from '../../src/error.js';
import { parseModel, serializeModel } from '../../src/format.js';
import type { Image } from '../../src/image.js';
import { openWasm } from '../../src/kernels/wasm/engine.js';
import type { IntegerModel } from '../../src/model.js';
import { checkModel } from '../../src/validate.js';
import { randomImage } from '../models.js';

/** Longest message of a refusal. */
const MESSAGE = 1200;
/** Most multiply-adds of a run; larger models run on one pixel. */
const WORK = 5e6;

/** The model in a file, or why it is refused: what must be what, without the file's own names and numbers. */
export function read(file: Uint8Array): { readonly model: IntegerModel } | { readonly reason: string } {
  try {
    return { model: parseModel(file) };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { reason: reasonOf(error.message) };
  }
}

function reasonOf(message: string): string {
  if (message.length > MESSAGE) throw new Error(`a message of ${message.length} characters: ${message.slice(0, 200)}`);
  const [, text = ''] = /^\[runtime\] parseModel: (.*) \([^()]*(?:\([^()]*\))?[^()]*\)$/s.exec(message) ?? [];
  if (!text.includes(' must be ')) throw new Error(`a message that names nothing: ${message}`);
  const plain = text
    .replace('file must be safetensors, got a fault: ', '')
    .replace(/"(?:[^"\\]|\\.)*"/gs, '"…"')
    .replace(/, got .*/s, '')
    .replace(/\[[-\d,.e+]*\]/g, '[…]')
    .replace(/(?:^|\.)\w+ must be absent$/, '["…"] must be absent')
    .replace(/^metadata\.\w+ must be a string/, 'metadata["…"] must be a string')
    .replace(/, \d un?signed .*bits, zero point .*|, \d signed .*bits, zero point .*/, ', …')
    .replace(/[\da-f]{8}, the checksum/, '…, the checksum')
    .replace(/ \[.*\] of (?=[A-Z])/, ' […] of ')
    .replace(/(?<![\w^-])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w^])/g, 'N');
  return plain.length > 160 ? `${plain.slice(0, 157)}...` : plain;
}

const isSame = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i]);

/**
 * Runs a model on the reference and on WASM, by bands, and writes and reads it again.
 *
 * @param originals what it must be written as, if that is known
 * @throws when anything differs, or fails
 */
export async function expectSame(model: IntegerModel, originals: readonly Uint8Array[] | null): Promise<void> {
  const checked = checkModel(model, 'fuzz');
  const reference = openReference(checked, { memoryBytes: 0 });
  const image = reference.work * 15 > WORK ? randomImage(1, 1, 1) : randomImage(1, 5, 3);
  const wanted = await finish(reference, image);
  const wasm = await openWasm(checked, { memoryBytes: 0, threads: 1 });
  const got = await finish(wasm, image);
  wasm.dispose();
  const { width, height } = image;
  if (wanted.data.length !== width * height * model.scale ** 2 * 3)
    throw new Error(`${wanted.data.length} bytes of result`);
  const at = wanted.data.findIndex((byte, i) => byte !== got.data[i]);
  if (at >= 0 || got.data.length !== wanted.data.length) {
    throw new Error(`byte ${at}: ${wanted.data[at]} on the reference, ${got.data[at]} on WASM`);
  }
  const written = serializeModel(model);
  if (!isSame(serializeModel(parseModel(written)), written))
    throw new Error('a file that changes when it is read and written');
  if (originals && !originals.some((original) => isSame(original, written)))
    throw new Error('damage that is not found');
}

async function finish(engine: Engine, image: Image): Promise<Image> {
  const run = engine.run(image);
  for (;;) {
    const { done, value } = await run.next();
    if (done) return value;
  }
}
