/** Reads the tensors of any file that can be imported, told apart by its contents. */
import { readForeignSafetensors } from './safetensors.js';
import { type ForeignFile, unreadable } from './tensor.js';
import { readTorch, torchFormat } from './torch/read.js';

/**
 * The tensors of a `.safetensors`, `.pt` or `.pth` file. Nothing of it is executed.
 *
 * Understood are safetensors, torch.save's zip archives (torch >= 1.6) and its older pickles; float32, float64, float16 and bfloat16 elements, all given as
 * float32; views with any strides; state dicts alone or under the usual keys (`state_dict`, `params`, `model`, ...).
 *
 * @throws ModelError or FormatError with the reason when the file is damaged, or holds more than tensors
 *
 * @example
 * const file = await readForeign(await readFile('edsr_baseline_x2.pt'));
 * file.tensors.get('head.0.weight')?.shape; // [64, 3, 3, 3]
 */
export async function readForeign(bytes: Uint8Array): Promise<ForeignFile> {
  const torch = torchFormat(bytes);
  if (torch) return readTorch(bytes, torch);
  if (bytes[0] === 0x80) {
    throw unreadable('file must be one of torch.save or safetensors, got a plain pickle', 'write it by torch.save');
  }
  if (bytes.length === 0) throw unreadable('file must be one of torch.save or safetensors, got an empty one');
  return readForeignSafetensors(bytes);
}
