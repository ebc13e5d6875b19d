/**
 * Writes the tables of `docs/accuracy.md` and the README, and the index and cards of the zoo, from the run records in `docs/accuracy/`: `node tools/accuracy/tables.mjs`; with `--check` it exits 1 when they are not
 * what the records say.
 */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawAblation, tableOfAblation } from './ablation-table.mjs';
import { db, head, row, signed } from './markdown.mjs';
import { records, root, sets } from './records.mjs';
import { publishedTable, resultsTable } from './summary-tables.mjs';

const floats = records('float');

/** PSNR, SSIM, and what is lost to float, on each set. */
function postTraining() {
  const lines = head(['network', 'plan', ...sets, 'bytes', 'BitOPs a pixel']);
  for (const [name, { figures }] of floats) {
    const cells = sets.map((set) => (figures[set] ? `${db(figures[set].psnr)} / ${figures[set].ssim.toFixed(4)}` : ''));
    lines.push(row([`\`${name}\``, 'float', ...cells, '', '']));
    for (const record of records('post-training').values()) {
      if (record.network !== name) continue;
      const own = sets.map((set) => {
        const { psnr, ssim } = record.figures[set];
        return `${db(psnr)} / ${ssim.toFixed(4)} (${signed(psnr - figures[set].psnr)})`;
      });
      const cost = [`${(record.modelBytes / 1e6).toFixed(2)} MB`, `${(record.bitOpsPerPixel / 1e6).toFixed(1)} M`];
      lines.push(row(['', `\`${record.plan}\``, ...own, ...cost]));
    }
  }
  return lines.join('\n');
}

/** What training with quantizers reaches. */
function quantizationAware() {
  const lines = head(['network', 'plan', ...sets, 'bytes', 'steps', 'batch', 'seed', 'commit', 'differing samples']);
  for (const record of records('quantization-aware').values()) {
    const { figures } = floats.get(record.network);
    const own = sets.map((set) => {
      const { psnr, ssim } = record.figures[set];
      return `${db(psnr)} / ${ssim.toFixed(4)} (${signed(psnr - figures[set].psnr)})`;
    });
    const { stages } = record.trained;
    const of = (pick) => [...new Set(stages.map(pick))].join(', ');
    const how = [
      stages.map(({ steps }) => steps).join(' + '),
      of(({ batchSize, patchSize }) => `${batchSize} x ${patchSize}²`),
      of(({ seed }) => seed),
      `\`${record.commit}\``,
    ];
    const cells = [`${(record.modelBytes / 1e3).toFixed(0)} kB`, ...how, `${record.different} of ${record.compared}`];
    lines.push(row([`\`${record.network}\``, `\`${record.plan}\``, ...own, ...cells]));
  }
  return lines.join('\n');
}

/** What each figure was made with. */
function provenance() {
  const lines = head(['record', 'options of `fqsr quantize`', 'commit', 'start', 'calibrated on', 'differing samples']);
  for (const [name, record] of records('post-training')) {
    const short = ({ name: file, sha256 }) => `${file} (\`${sha256.slice(0, 8)}\`)`;
    const differing = `${record.different} of ${record.compared}`;
    const cells = [`\`${record.options}\``, `\`${record.commit}\``, short(record.start), short(record.calibrated)];
    lines.push(row([`\`${name}\``, ...cells, differing]));
  }
  return lines.join('\n');
}

function data() {
  const lines = head(['set', 'images', 'SHA-256 of names and files']);
  const [figures] = [...floats.values()].map((record) => record.figures);
  for (const set of sets) lines.push(row([set, figures[set].images, `\`${figures[set].sha256.slice(0, 16)}\``]));
  return lines.join('\n');
}

const quantized = () => [...records('zoo').values()].filter(({ plan }) => plan !== 'float');
const zooName = ({ network, plan }) => `${network}-${plan}`;
/** Size of the file that comes along. */
const fileBytes = (record) => statSync(join(root, 'packages/sr-models/zoo', `${zooName(record)}.fqsr`)).size;
const scaleOf = ({ network }) => Number(/-x(\d)$/.exec(network)[1]);

/** The zoo's networks in float and integers. */
function zoo() {
  const lines = head(['network', 'plan', ...sets, 'bytes', 'BitOPs a pixel']);
  for (const [name, { network, plan, figures }] of records('zoo')) {
    if (plan !== 'float') continue;
    const cells = sets.map((set) => `${db(figures[set].psnr)} / ${figures[set].ssim.toFixed(4)}`);
    lines.push(row([`\`${network}\``, 'float', ...cells, '', '']));
    for (const record of quantized()) {
      if (record.network !== name) continue;
      const own = sets.map((set) => {
        const { psnr, ssim } = record.figures[set];
        return `${db(psnr)} / ${ssim.toFixed(4)} (${signed(psnr - figures[set].psnr)})`;
      });
      const cost = [`${(fileBytes(record) / 1e3).toFixed(0)} kB`, `${(record.bitOpsPerPixel / 1e6).toFixed(2)} M`];
      lines.push(row(['', `\`${record.plan}\``, ...own, ...cost]));
    }
  }
  return lines.join('\n');
}

/** What a network of the zoo was trained on: photographs with so many digits of their SHA-256, and generated images. */
function dataOf({ data, generated }, digits) {
  return `${data.name} (SHA-256 \`${data.sha256.slice(0, digits)}\`)${generated ? ` and \`${generated}\`` : ''}`;
}

/** How the zoo's networks were made. */
function zooProvenance() {
  const lines = head(['record', 'recipe', 'steps', 'seed', 'data', 'then', 'commit', 'differing samples']);
  const recipe = ({ recipe: name }) => `\`${name}\``;
  for (const [name, record] of records('zoo')) {
    const { trained, quantize, tuned, commit, different, compared } = record;
    const then = [quantize && `\`fqsr quantize ${quantize}\``, tuned && `${recipe(tuned)}, ${tuned.steps} steps`];
    const from = [recipe(trained), trained.steps, trained.seed, dataOf(trained, 8)];
    const against = compared === undefined ? '' : `${different} of ${compared}`;
    lines.push(row([`\`${name}\``, ...from, then.filter(Boolean).join('; '), `\`${commit}\``, against]));
  }
  return lines.join('\n');
}

/** What networks learn from photographs, from generated images, and from both. */
function trainingData() {
  const lines = head(['trained on', 'steps', 'seed', ...sets]);
  const all = [...records('training-data').values()].toSorted((a, b) => a.steps - b.steps);
  for (const { photographs, generated, steps, runs } of all) {
    const data = [photographs?.name, generated && `\`${generated}\``].filter(Boolean).join(' and ');
    for (const { seed, figures } of runs) {
      const own = sets.map((set) => `${db(figures[set].psnr)} / ${figures[set].ssim.toFixed(4)}`);
      lines.push(row([data, steps, seed, ...own]));
    }
  }
  return lines.join('\n');
}

/** The index that the package reads. */
function zooIndex() {
  const cards = quantized().map((record) => {
    const { network, plan, sha256, bitOpsPerPixel, figures } = record;
    const short = (all) =>
      Object.fromEntries(
        Object.entries(all).map(([set, { psnr, ssim }]) => [
          set,
          { psnr: Number(psnr.toFixed(4)), ssim: Number(ssim.toFixed(4)) },
        ]),
      );
    const name = zooName(record);
    const float = records('zoo').get(network).figures;
    const card = { name, network, plan, scale: scaleOf(record), bytes: fileBytes(record), sha256, bitOpsPerPixel };
    return { ...card, figures: short(figures), float: short(float) };
  });
  return `${JSON.stringify(cards, null, 2)}\n`;
}

/** The cards of the zoo, for people. */
function zooCards() {
  const lines = [
    '# The zoo',
    '',
    'Integer networks that this project trained from scratch; no weights of others went into them. First and last layers and all skips are quantized; no tensor is float. Figures are PSNR in dB and SSIM of these very',
    'files, run by `@fqsr/runtime`, on luma, crop = scale (`edsr-benchmark`), in brackets of the float network. Training is on the 400 images of BSD400 and as many `dead-leaves`, with bicubic low resolution, so photographs that were',
    'compressed, sharpened or blurred otherwise come out less well. `node tools/zoo/build.mjs` makes them again.',
  ];
  for (const record of quantized()) {
    const float = records('zoo').get(record.network).figures;
    const { trained, tuned, quantize } = record;
    const names = sets.filter((set) => record.figures[set]);
    lines.push('', `## ${zooName(record)}`, '');
    lines.push(...head(names));
    const figure = ({ psnr, ssim }) => `${db(psnr)} / ${ssim.toFixed(4)}`;
    lines.push(row(names.map((set) => `${figure(record.figures[set])} (${figure(float[set])})`)));
    const facts = [
      `${trained.model ? `\`${trained.model}\`, ` : ''}scale ${scaleOf(record)}, ${record.parameters} parameters, ${fileBytes(record)} bytes, ${Math.round(record.bitOpsPerPixel)} BitOPs for each low-resolution pixel`,
      `trained in float: recipe \`${trained.recipe}\`,${trained.from ? ` from \`${trained.from}\`,` : ''} ${trained.steps} steps of ${trained.batchSize} patches of ${trained.patchSize} x ${trained.patchSize}, seed ${trained.seed}, on ${dataOf(trained, 16)}`,
      `quantized: \`fqsr quantize ${quantize}\``,
      ...(tuned
        ? [
            `tuned: recipe \`${tuned.recipe}\`, ${tuned.steps} steps, seed ${tuned.seed}, taught by the float network${tuned.took?.endsWith('-corrected') ? '; scale and offset of the last convolution matched to it by `correctOutput`' : ''}`,
          ]
        : []),
      `commit \`${record.commit}\`, file SHA-256 \`${record.sha256}\``,
    ];
    lines.push('', ...facts.map((fact) => `- ${fact}`));
  }
  return `${lines.join('\n')}\n`;
}

/** The runs, and the float network that they start from. */
const ablation = [records('ablation'), records('ablation-start').get('edsr-f32b5-x2').figures];

const pages = {
  'README.md': { results: resultsTable },
  'docs/accuracy.md': {
    'post-training': postTraining,
    provenance,
    'quantization-aware': quantizationAware,
    published: publishedTable,
    data,
    zoo,
    'zoo-provenance': zooProvenance,
    'training-data': trainingData,
    ablation: () => tableOfAblation(...ablation),
  },
};

/** A page with its tables in their places. */
function filled(page, tables) {
  return Object.entries(tables).reduce(
    (text, [name, make]) => {
      const [start, end] = [`<!-- ${name} -->\n`, `<!-- end ${name} -->`];
      if (!text.includes(start)) {
        throw new Error(`tables: ${page} must have a place for ${name}, got none (add ${start.trim()})`);
      }
      const from = text.indexOf(start) + start.length;
      return `${text.slice(0, from)}\n${make()}\n\n${text.slice(text.indexOf(end))}`;
    },
    readFileSync(join(root, page), 'utf8'),
  );
}

const files = {
  ...Object.fromEntries(Object.entries(pages).map(([page, tables]) => [join(root, page), filled(page, tables)])),
  [join(root, 'packages/sr-models/zoo/index.json')]: zooIndex(),
  [join(root, 'packages/sr-models/zoo/README.md')]: zooCards(),
  [join(root, 'docs/accuracy/ablation.svg')]: drawAblation(...ablation),
};
const stale = Object.entries(files).filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text);
if (process.argv.includes('--check')) process.exitCode = stale.length === 0 ? 0 : 1;
else for (const [path, text] of stale) writeFileSync(path, text);
