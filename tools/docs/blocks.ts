/** The examples of the pages, and the compiler's word on them. */
import { join, posix } from 'node:path';
import ts from 'typescript';
import { type Given, given } from './given.ts';
import { root } from './pages.ts';

/** A fenced block of a page. */
export interface Block {
  /** The page, from the root. */
  readonly file: string;
  /** Line of its first line of code, from 1. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
}

/** The fenced blocks of a page. */
export function blocksOf(file: string, text: string): readonly Block[] {
  return [...text.matchAll(/^```(\w*)[^\n]*\n([\s\S]*?)^```$/gm)].map(({ 1: language = '', 2: code = '', index }) => ({
    file,
    line: text.slice(0, index).split('\n').length + 1,
    language,
    code,
  }));
}

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.asynciterable.d.ts'],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  types: ['node'],
  strict: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  noEmit: true,
};

/**
 * What the compiler has against examples in `ts` or `js`, as they would stand in a user's project: against the built packages, with what {@link given} says of their page.
 *
 * @returns lines `packages/cli/README.md:12: Cannot find name 'x'.`
 */
export function complaints(blocks: readonly Block[]): readonly string[] {
  const files = new Map<string, string>();
  const origin = new Map<string, { readonly block: Block; readonly moved: number }>();
  for (const [i, block] of blocks.entries()) {
    const folder = posix.join(root, '.examples', String(i));
    const known = given[block.file] ?? {};
    const { text, moved } = moduleOf(block, known);
    files.set(`${folder}/example.ts`, text);
    origin.set(`${folder}/example.ts`, { block, moved });
    for (const [name, code] of Object.entries(known.files ?? {})) files.set(`${folder}/${name}`, code);
  }
  const program = ts.createProgram([...origin.keys()], options, hostOf(files));
  return [...origin].flatMap(([path, { block, moved }]) => {
    const source = program.getSourceFile(path);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(({ start = 0, messageText }) => {
      const line = (source?.getLineAndCharacterOfPosition(start).line ?? 0) - moved + block.line;
      return `${block.file}:${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
  });
}

/** A block as a module: what is given, its imports, and the rest, where names are given in a scope of its own, so that it may declare them again. */
function moduleOf(
  { code }: Block,
  { imports = {}, names = {} }: Given,
): { readonly text: string; readonly moved: number } {
  const source = ts.createSourceFile('block.ts', code, ts.ScriptTarget.Latest);
  const own = source.statements
    .filter(ts.isImportDeclaration)
    .map((each) => [each.getStart(source), each.end] as const);
  const bound = new Set(own.flatMap(([from, to]) => code.slice(from, to).match(/[\w$]+/g) ?? []));
  const isFree = ([name]: readonly [string, string]) => !bound.has(name);
  const declared = Object.entries(names).filter(isFree);
  // Lines keep their places.
  const rest = own.reduce(
    (text, [from, to]) => text.slice(0, from) + text.slice(from, to).replace(/[^\n]/g, ' ') + text.slice(to),
    code,
  );
  const head = [
    ...Object.entries(imports)
      .filter(isFree)
      .map(([, line]) => line),
    ...declared.map(([name, type]) => `declare const ${name}: ${type};`),
    ...own.map(([from, to]) => code.slice(from, to).replaceAll('\n', ' ')),
    declared.length > 0 ? '{' : '',
  ];
  const tail = declared.length > 0 ? '}' : '';
  return { text: `${head.join('\n')}\n${rest}\n${tail}\nexport {};\n`, moved: head.length };
}

function hostOf(files: ReadonlyMap<string, string>): ts.CompilerHost {
  const host = ts.createCompilerHost(options);
  return {
    ...host,
    getCurrentDirectory: () => root,
    fileExists: (path) => files.has(path) || host.fileExists(path),
    readFile: (path) => files.get(path) ?? host.readFile(path),
    directoryExists: (path) => path.startsWith(join(root, '.examples')) || (host.directoryExists?.(path) ?? true),
    getSourceFile: (path, target) => {
      const text = files.get(path);
      return text === undefined ? host.getSourceFile(path, target) : ts.createSourceFile(path, text, target);
    },
  };
}
