/** Small pictures of digits, drawn from a seed: a 5x7 font, moved, slanted, in varying ink on varying paper, blotted and noisy. */
import * as tf from '@tensorflow/tfjs';

/** Rows of each digit; `#` is ink. */
const font = [
  '.###. #...# #..## #.#.# ##..# #...# .###.',
  '..#.. .##.. ..#.. ..#.. ..#.. ..#.. .###.',
  '.###. #...# ....# ...#. ..#.. .#... #####',
  '##### ...#. ..#.. ...#. ....# #...# .###.',
  '...#. ..##. .#.#. #..#. ##### ...#. ...#.',
  '##### #.... ####. ....# ....# #...# .###.',
  '..##. .#... #.... ####. #...# #...# .###.',
  '##### ....# ...#. ..#.. .#... .#... .#...',
  '.###. #...# #...# .###. #...# #...# .###.',
  '.###. #...# #...# .#### ....# ...#. .##..',
].map((digit) => digit.split(' '));

export const SIZE = 16;

/** Seeded numbers in [0, 1) (mulberry32). */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * @param {number} count pictures
 * @param {number} seed
 * @returns images `[count, 16, 16, 1]` in about -0.5..1.5, and one-hot labels `[count, 10]`; the caller disposes
 */
export function drawDigits(count, seed) {
  const random = randomNumbers(seed);
  const images = new Float32Array(count * SIZE * SIZE);
  const labels = new Int32Array(count);
  for (let n = 0; n < count; n++) {
    const digit = Math.floor(random() * 10);
    labels[n] = digit;
    const [left, top] = [1 + random() * 5, 0.5 + random() * 3];
    const [slant, scale] = [(random() - 0.5) * 0.5, 1.5 + random() * 0.3];
    const [paper, ink, noise] = [random() * 0.4, 0.35 + random() * 0.5, 0.15 + random() * 0.25];
    const blot = { x: random() * SIZE, y: random() * SIZE, radius: 1 + random() * 2 };
    for (let y = 0; y < SIZE; y++) {
      for (let x = 0; x < SIZE; x++) {
        const row = Math.floor((y - top) / scale);
        const column = Math.floor((x - left + slant * (y - SIZE / 2)) / scale);
        const isInk = font[digit][row]?.[column] === '#';
        const isBlot = Math.hypot(x - blot.x, y - blot.y) < blot.radius;
        const grey = isBlot ? 0.5 : paper + (isInk ? ink : 0);
        images[(n * SIZE + y) * SIZE + x] = grey + (random() + random() - 1) * noise;
      }
    }
  }
  return {
    images: tf.tensor4d(images, [count, SIZE, SIZE, 1]),
    labels: tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), 10), 'float32')),
  };
}
