/**
 * Who may import whom: the architecture's import rules as data, and a check of all sources and manifests against them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import ts from 'typescript';

/** What one package may import beside itself and Node. */
export interface Rule {
  /** Entry points of our packages. */
  readonly ours: readonly string[];
  /** Whether it may know TensorFlow.js. */
  readonly tfjs: boolean;
  /** What only its tests and benchmarks may import. */
  readonly tests: readonly string[];
}

/** The rules, by folder below `packages`. */
export const rules: Readonly<Record<string, Rule>> = {
  'quant-core': { ours: [], tfjs: true, tests: ['@fqsr/backends', '@fqsr/backends/testing'] },
  metrics: { ours: [], tfjs: false, tests: [] },
  datasets: { ours: [], tfjs: false, tests: ['@fqsr/metrics'] },
  runtime: { ours: ['@fqsr/quant-core/spec'], tfjs: false, tests: [] },
  backends: { ours: [], tfjs: true, tests: [] },
  'sr-models': {
    ours: ['@fqsr/quant-core', '@fqsr/quant-core/spec', '@fqsr/runtime/format'],
    tfjs: true,
    tests: ['@fqsr/backends', '@fqsr/backends/testing', '@fqsr/runtime'],
  },
  cli: {
    ours: [
      '@fqsr/backends',
      '@fqsr/backends/pool',
      '@fqsr/datasets',
      '@fqsr/metrics',
      '@fqsr/quant-core',
      '@fqsr/quant-core/spec',
      '@fqsr/runtime',
      '@fqsr/runtime/format',
      '@fqsr/sr-models',
      '@fqsr/sr-models/zoo',
    ],
    tfjs: true,
    tests: [],
  },
};

/** A rule that a file breaks. */
export interface Violation {
  readonly file: string;
  readonly imports: string;
  readonly why: string;
}

/** What a source file's imports break. `file` is the path from the root, e.g. `packages/metrics/src/psnr.ts`. */
export function violationsOf(file: string, source: string): readonly Violation[] {
  const [, folder = ''] = file.split('/');
  const rule = rules[folder];
  if (!rule) return [{ file, imports: '', why: `${folder} has no rule in tools/boundaries.ts` }];
  const isTest = /\.(test|test-d|bench)\.ts$/.test(file) || /\/(test|bench)\//.test(file);
  const imports = ts.preProcessFile(source, true, true).importedFiles.map(({ fileName }) => fileName);
  return imports.flatMap((name) => {
    const why = refusal(name, file, folder, rule, isTest);
    return why ? [{ file, imports: name, why }] : [];
  });
}

function refusal(
  name: string,
  file: string,
  folder: string,
  { ours, tfjs, tests }: Rule,
  isTest: boolean,
): string | null {
  if (name.startsWith('.')) {
    const target = join(dirname(file), name).split(sep).join('/');
    const shared = /^packages\/[^/]+\/[^/]+\.config\.ts$/.test(file);
    return target.startsWith(`packages/${folder}/`) || shared ? null : 'reaches into another package by path';
  }
  if (name.startsWith('@tensorflow/')) return tfjs ? null : `${folder} must not know TensorFlow.js`;
  if (!name.startsWith('@fqsr/') || ours.includes(name) || name.startsWith(`@fqsr/${folder}`)) return null;
  if (isTest && tests.includes(name)) return null;
  return `${folder} may import ${ours.join(', ') || 'none of our packages'}`;
}

/** All violations in the workspace at `root`. */
export function workspaceViolations(root: string): readonly Violation[] {
  const packages = join(root, 'packages');
  return readdirSync(packages, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !/(^|[\\/])(node_modules|dist)[\\/]/.test(path))
    .flatMap((path) => {
      const file = relative(root, resolve(packages, path)).split(sep).join('/');
      return violationsOf(file, readFileSync(join(root, file), 'utf8'));
    });
}
