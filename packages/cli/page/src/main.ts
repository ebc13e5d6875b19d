/** The page: an image in, the network's answer beside what the browser makes of it. Everything runs here; nothing is sent. */
import { measure } from '@fqsr/metrics';
import { load, type Upscaler } from '@fqsr/runtime';
import type { ModelCard } from '../../src/serve/card.js';
import { comparison } from './compare.js';
import { canvasOf, decode, resized, rgb } from './pictures.js';

const at = <E extends HTMLElement>(id: string) => document.getElementById(id) as E;
const [fileInput, truthInput] = [at<HTMLInputElement>('file'), at<HTMLInputElement>('truth')];
const [modelChoice, backendChoice] = [at<HTMLSelectElement>('model'), at<HTMLSelectElement>('backend')];
const [again, save, error, status] = [
  at<HTMLButtonElement>('again'),
  at<HTMLButtonElement>('save'),
  at('error'),
  at('status'),
];
const progress = at<HTMLProgressElement>('progress');
const compare = comparison(at('compare'), (zoom) => {
  at('factor').textContent = `${zoom >= 1 ? zoom.toFixed(zoom < 10 ? 1 : 0) : zoom.toFixed(2)}x`;
});

let cards: readonly ModelCard[] = [];
let input: { readonly name: string; readonly image: ImageData } | null = null;
let truth: ImageData | null = null;
let loaded: { readonly key: string; readonly upscaler: Upscaler } | null = null;
let running: AbortController | null = null;
let saved: { readonly png: Blob; readonly name: string } | null = null;

const fail = (problem: unknown) => {
  error.textContent = problem instanceof Error ? problem.message : String(problem);
  error.hidden = false;
  status.textContent = '';
};
const card = () => cards.find(({ name }) => name === modelChoice.value) as ModelCard;

/** The upscaler of the chosen model and backend, kept until another is chosen. */
async function upscalerOf(): Promise<Upscaler> {
  const { name } = card();
  const key = `${name} ${backendChoice.value}`;
  if (loaded?.key === key) return loaded.upscaler;
  loaded?.upscaler.dispose();
  loaded = null;
  const url = new URL(`models/${encodeURIComponent(name)}.fqsr`, document.baseURI);
  const upscaler = await load(url, { backend: backendChoice.value as 'auto' });
  loaded = { key, upscaler };
  return upscaler;
}

/** Upscales what was given; a later call stops an earlier one. */
async function run(): Promise<void> {
  if (!input) return;
  running?.abort();
  const stop = new AbortController();
  running = stop;
  error.hidden = true;
  again.disabled = true;
  progress.hidden = false;
  progress.value = 0;
  const { name, image } = input;
  status.textContent = `${name}: ${image.width} x ${image.height}`;
  try {
    const upscaler = await upscalerOf();
    const started = performance.now();
    const onProgress = (done: number, total: number) => {
      progress.value = total > 0 ? done / total : 1;
    };
    const result = (await upscaler.upscale(image, { signal: stop.signal, onProgress })) as ImageData;
    const seconds = (performance.now() - started) / 1000;
    const pixels = new ImageData(new Uint8ClampedArray(result.data), result.width, result.height);
    const after = canvasOf(pixels);
    at('result').hidden = false;
    compare.show(resized(image, pixels.width, pixels.height), after);
    show(image, pixels, upscaler, seconds);
    const png = await new Promise<Blob | null>((resolve) => after.toBlob(resolve));
    saved = png && { png, name: `${name.replace(/\.[^.]*$/, '')}-x${upscaler.model.scale}.png` };
    save.hidden = saved === null;
    status.textContent = `${name}: ${image.width} x ${image.height} to ${pixels.width} x ${pixels.height}`;
  } catch (problem) {
    if (!stop.signal.aborted) fail(problem);
  } finally {
    if (running === stop) {
      progress.hidden = true;
      again.disabled = false;
    }
  }
}

/** What is said of a result. */
function show(image: ImageData, pixels: ImageData, { backend, threads, where }: Upscaler, seconds: number): void {
  const rate = (pixels.width * pixels.height) / 1e6 / seconds;
  const facts: Record<string, string> = {
    Time: `${seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(2)} s`}, ${rate.toFixed(2)} Mpixel/s`,
    Ran: `${backend}, ${threads} thread${threads === 1 ? '' : 's'}, in the ${where}`,
    Result: `${pixels.width} x ${pixels.height}`,
    Model: `${(card().bytes / 1e3).toFixed(0)} kB`,
  };
  if (truth) facts['PSNR / SSIM (luma)'] = qualityOf(image, pixels);
  at('facts').replaceChildren(
    ...Object.entries(facts).map(([term, text]) => {
      const box = document.createElement('div');
      const [dt, dd] = [document.createElement('dt'), document.createElement('dd')];
      [dt.textContent, dd.textContent] = [term, text];
      box.append(dt, dd);
      return box;
    }),
  );
}

/** PSNR and SSIM to the high resolution, of the network and of the browser. */
function qualityOf(image: ImageData, pixels: ImageData): string {
  if (!truth) return '';
  if (truth.width !== pixels.width || truth.height !== pixels.height) {
    return `high resolution must be ${pixels.width} x ${pixels.height}, got ${truth.width} x ${truth.height}`;
  }
  const scale = pixels.width / image.width;
  const hr = rgb(truth);
  const canvas = resized(image, pixels.width, pixels.height);
  const plain = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) as ImageData;
  const figure = (of: ImageData) => {
    const { psnr, ssim } = measure(rgb(of), hr, { convention: 'edsr-benchmark', scale });
    return `${psnr.toFixed(2)} dB / ${ssim.toFixed(4)}`;
  };
  return `${figure(pixels)}; browser: ${figure(plain)}`;
}

/** What is known of the chosen model. */
async function describe(): Promise<void> {
  const { name, scale, bytes, figures, description } = card();
  const measured = Object.entries(figures ?? {}).map(([set, { psnr }]) => `${set} ${psnr.toFixed(2)} dB`);
  at('card').textContent = [
    `${name}: x${scale}, ${(bytes / 1e3).toFixed(0)} kB`,
    description,
    measured.length > 0 ? `PSNR ${measured.join(', ')}` : '',
  ]
    .filter(Boolean)
    .join('. ');
  const response = await fetch(new URL(`api/audit/${encodeURIComponent(name)}`, document.baseURI));
  const { rows, fullyQuantized } = (await response.json()) as {
    readonly rows: readonly { readonly tensor: string; readonly role: string; readonly grid: string }[];
    readonly fullyQuantized: boolean;
  };
  if (card().name !== name) return;
  const row = (tag: 'td' | 'th', cells: readonly string[]) => {
    const tr = document.createElement('tr');
    for (const text of cells) tr.append(Object.assign(document.createElement(tag), { textContent: text }));
    return tr;
  };
  at('audit').replaceChildren(
    row('th', ['tensor', 'role', 'grid']),
    ...rows.map(({ tensor, role, grid }) => row('td', [tensor, role, grid])),
  );
  at('card').textContent += fullyQuantized ? '. No tensor is float.' : '. Some tensors are float.';
}

async function take(file: Blob & { readonly name?: string }): Promise<void> {
  try {
    input = { name: file.name ?? 'pasted image', image: await decode(file) };
    await run();
  } catch (problem) {
    fail(problem);
  }
}

const drop = at('drop');
for (const [name, over] of [
  ['dragover', true],
  ['dragleave', false],
  ['drop', false],
] as const) {
  window.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle('over', over);
  });
}
window.addEventListener('drop', (event) => {
  const [file] = event.dataTransfer?.files ?? [];
  if (file) void take(file);
});
window.addEventListener('paste', (event) => {
  const [file] = event.clipboardData?.files ?? [];
  if (file) void take(file);
});
fileInput.addEventListener('change', () => {
  const [file] = fileInput.files ?? [];
  if (file) void take(file);
});
truthInput.addEventListener('change', async () => {
  const [file] = truthInput.files ?? [];
  try {
    truth = file ? await decode(file) : null;
    await run();
  } catch (problem) {
    truth = null;
    fail(problem);
  }
});
save.addEventListener('click', () => {
  if (!saved) return;
  const href = URL.createObjectURL(saved.png);
  Object.assign(document.createElement('a'), { href, download: saved.name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 1000);
});
again.addEventListener('click', () => void run());
backendChoice.addEventListener('change', () => void run());
modelChoice.addEventListener('change', () => {
  describe().catch(fail);
  void run();
});
at('in').addEventListener('click', () => compare.zoomBy(1.25));
at('out').addEventListener('click', () => compare.zoomBy(0.8));
at('fit').addEventListener('click', compare.fit);
window.addEventListener('keydown', ({ key, target }) => {
  if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) return;
  if (key === '+' || key === '=') compare.zoomBy(1.25);
  if (key === '-') compare.zoomBy(0.8);
});

try {
  cards = (await (await fetch(new URL('api/models', document.baseURI))).json()) as readonly ModelCard[];
  modelChoice.replaceChildren(...cards.map(({ name }) => new Option(name, name)));
  if (cards.length === 0) throw new Error('a model must be given, got none (fqsr serve --model FILE)');
  await describe();
} catch (problem) {
  fail(problem);
}
