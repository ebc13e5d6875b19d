/** What a network costs, layer by layer and bit by bit, as sections of a report. */
import { type Audit, auditGraph, bitOpsFormula, cost, type Graph, layerCosts } from '@fqsr/sr-models';
import { quantity } from '../table.js';
import { escapeHtml, htmlTable } from './html.js';
import { type Bar, barTable } from './svg.js';

/** Layers that are drawn one by one; of more, those that repeat are summed. */
const MOST_LAYERS = 12;

/** The sums of one network. */
export function costTable(graph: Graph): string {
  const { parameters, modelBytes, macsPerPixel, bitOpsPerPixel, peakActivationBytesPerPixel } = cost(graph);
  const { fullyQuantized, floats } = auditGraph(graph);
  const table = htmlTable(
    ['parameters', 'model', 'MACs a pixel', 'BitOPs a pixel', 'peak activations a pixel', 'float tensors'],
    [
      [
        quantity(parameters, ''),
        quantity(modelBytes, 'B'),
        quantity(macsPerPixel, ''),
        quantity(bitOpsPerPixel, ''),
        quantity(peakActivationBytesPerPixel, 'B'),
        fullyQuantized ? 'none' : String(floats.length),
      ],
    ],
    [0, 1, 2, 3, 4, 5],
  );
  return `${table}<p class="note">A pixel is one of the low-resolution image.</p>`;
}

/** What layers and what bits make up one network. */
export function costSection(graph: Graph): string {
  const audit = auditGraph(graph);
  const floats = audit.fullyQuantized ? '' : ' Layers in the second colour compute in float.';
  return `<h3>BitOPs by layer</h3>${barTable(['layer (weight x input bits)', 'share'], layerBars(graph))}
<p class="note">BitOPs = ${escapeHtml(bitOpsFormula)}.${floats}</p>
<h3>Values by bits</h3>${barTable(['kind, bits', 'share of its kind'], bitBars(audit))}`;
}

function layerBars(graph: Graph): readonly Bar[] {
  const layers = layerCosts(graph);
  const total = layers.reduce((sum, { bitOps }) => sum + bitOps, 0);
  const groups = new Map<string, { bitOps: number; count: number; integer: boolean }>();
  for (const { name, weightBits, inputBits, bitOps } of layers) {
    const shown = layers.length > MOST_LAYERS ? family(name) : name;
    const bits = weightBits === null ? `${inputBits}, adds` : `${weightBits} x ${inputBits}`;
    const key = `${shown} (${bits})`;
    const known = groups.get(key);
    const integer = inputBits < 32 && (weightBits ?? 0) < 32;
    groups.set(key, { bitOps: (known?.bitOps ?? 0) + bitOps, count: (known?.count ?? 0) + 1, integer });
  }
  return [...groups].map(([name, { bitOps, count, integer }]) => ({
    name: count > 1 ? `${name}, ${count} of them` : name,
    value: bitOps,
    text: share(bitOps / total),
    colour: integer ? 0 : 1,
  }));
}

/** `body.3.conv1` is one of `body.conv1`. */
function family(name: string): string {
  return name.replace(/\d+\.?/g, (number) => (number.endsWith('.') ? '' : number)).replace(/\.$/, '');
}

/** How many of the weights, and of the activations, have how many bits. */
function bitBars({ rows }: Audit): readonly Bar[] {
  const kinds = [
    ['weights', ['weights']],
    ['activations', ['image', 'activations', 'skips', 'outputs']],
  ] as const;
  return kinds.flatMap(([kind, roles], colour) => {
    const own = rows.filter(({ role }) => (roles as readonly string[]).includes(role));
    const total = own.reduce((sum, { size }) => sum + size, 0);
    const widths = [...new Set(own.map(({ bits }) => bits))].toSorted((a, b) => a - b);
    return widths.map((bits) => {
      const size = own.reduce((sum, row) => sum + (row.bits === bits ? row.size : 0), 0);
      return {
        name: `${kind}, ${bits === 32 ? 'float' : bits}`,
        value: size / total,
        text: share(size / total),
        colour: 2 * colour,
      };
    });
  });
}

function share(value: number): string {
  return `${(100 * value).toFixed(value < 0.0995 ? 2 : 1)} %`;
}
