/** What the examples of a page take as given: names that the text around them introduces, by page, and files beside them. */
export interface Given {
  /** Lines that import, by the name that they bind. */
  readonly imports?: Readonly<Record<string, string>>;
  /** Types by name. */
  readonly names?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

const shardFunction = "import('@fqsr/backends/pool').ShardFunction<number>";
const models = (name: string) => `import('@fqsr/sr-models').${name}`;

export const given: Readonly<Record<string, Given>> = {
  'CONTRIBUTING.md': {
    files: {
      'additions.ts': ['esm', 'espcn', 'leaky', 'power-of-two', 'stripes']
        .map((name) => `export * from '../../tools/contributing/${name}.ts';`)
        .join('\n'),
    },
  },
  'packages/runtime/README.md': {
    names: {
      upscaler: "import('@fqsr/runtime').Upscaler",
      image: '{ width: number; height: number; channels: 3; data: Uint8Array }',
      signal: 'AbortSignal',
      body: 'Uint8Array',
      decode: "import('@fqsr/runtime/server').Codec['decode']",
      encode: "import('@fqsr/runtime/server').Codec['encode']",
    },
  },
  'packages/quant-core/README.md': {
    imports: { tf: "import * as tf from '@tensorflow/tfjs';" },
    names: {
      w: 'Float32Array',
      steps: 'Float32Array',
      x: "import('@tensorflow/tfjs').Tensor",
      y: "import('@tensorflow/tfjs').Tensor",
      yours: "import('@tensorflow/tfjs').LayersModel",
      handler: "import('@tensorflow/tfjs').io.IOHandler",
      model: "import('@tensorflow/tfjs').Sequential",
      QuantConv2D: "typeof import('@fqsr/quant-core/layers').QuantConv2D",
    },
  },
  'packages/sr-models/README.md': {
    names: {
      readFile: "typeof import('node:fs/promises').readFile",
      float: models('Graph'),
      graph: models('Graph'),
      params: models('Params'),
      batch: models('TrainBatch'),
      checkpoint: models('Checkpoint'),
      ...Object.fromEntries(
        ['floatNetwork', 'graphOf', 'importNetwork', 'readForeign', 'serializeCheckpoint', 'toFloatOnnx', 'toTfjs'].map(
          (name) => [name, `typeof ${models(name)}`],
        ),
      ),
    },
  },
  'packages/backends/README.md': {
    names: {
      describe: '{ each<T>(cases: readonly T[]): (name: string, suite: (each: T) => void) => void }',
      beforeAll: '(run: () => Promise<unknown>) => void',
      data: 'number',
      shardFunction: `(data: number) => Promise<${shardFunction}>`,
      theta: 'Float32Array',
      shards: 'readonly number[]',
    },
    files: { 'network.ts': `export declare const shardFunction: (data: number) => Promise<${shardFunction}>;` },
  },
};
