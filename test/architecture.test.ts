import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

/**
 * The import order: a folder of src/ may import what stands in an earlier group, and itself. Folders of one group do
 * not see each other. `index` is src/index.ts, `cli` the folder beside src/.
 */
const order = [
  ['core'],
  ['tensor'],
  ['checkpoint', 'data', 'graph'],
  ['model', 'runtime', 'world'],
  ['inference'],
  ['training'],
  ['attack', 'defense'],
  ['evaluation'],
  ['export'],
  ['node'],
  ['run'],
  ['experiment'],
  ['report'],
  ['paper'],
  ['index'],
  ['cli'],
] as const;

/** Only these may use what a browser does not have. */
const hostFolders: readonly string[] = ['node', 'run', 'experiment', 'paper', 'index', 'cli'];
const isHostOnly = (name: string): boolean => /^(node:|sharp$|onnxruntime-node$)/.test(name);

const root = path.resolve(import.meta.dirname, '..');

interface Import {
  /** Path of the importing file, relative to the root. */
  readonly from: string;
  /** Path of the imported file, or the name of a package. */
  readonly to: string;
  readonly typeOnly: boolean;
}

/** Every import and re-export of every file that is shipped, dynamic ones with a literal name too. */
function importsOf(folders: readonly string[]): Import[] {
  return folders.flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => path.posix.join(folder, name.split(path.sep).join('/')))
      .filter((name) => name.endsWith('.ts') && !/\.(test|d)\.ts$/.test(name))
      .flatMap(importsOfFile),
  );
}

function importsOfFile(file: string): Import[] {
  const source = ts.createSourceFile(file, readFileSync(path.join(root, file), 'utf8'), ts.ScriptTarget.Latest);
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (specifier === undefined || !ts.isStringLiteral(specifier)) return;
    const name = specifier.text;
    const to = name.startsWith('.') ? path.posix.join(path.posix.dirname(file), name).replace(/\.js$/, '.ts') : name;
    found.push({ from: file, to, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isErased(node));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments.at(0), false);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Whether nothing of the import is left when types are taken away. */
function isErased(node: ts.ImportDeclaration): boolean {
  return node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

/** The folder that decides what a file may import. */
function layerOf(file: string): string {
  const parts = file.split('/');
  if (parts[0] !== 'src') return parts[0];
  return parts.length === 2 ? path.basename(parts[1], '.ts') : parts[1];
}

function rankOf(layer: string): number {
  const rank = order.findIndex((group) => group.some((name) => name === layer));
  if (rank === -1) throw new Error(`${layer} has no place in the import order of test/architecture.test.ts`);
  return rank;
}

const imports = importsOf(['src', 'cli']);
const isInside = ({ to }: Import): boolean => to.endsWith('.ts');
const edge = ({ from, to }: Import): string => `${from} -> ${to}`;

test('imports are found at all', () => {
  expect(imports.map(edge)).toContain('src/run/run-folder.ts -> src/run/atomic-file.ts');
  expect(imports.map(edge)).toContain('src/node/files.ts -> node:path');
});

test('folders import only what stands before them', () => {
  const wrong = imports.filter(isInside).filter(({ from, to }) => {
    const [importer, imported] = [layerOf(from), layerOf(to)];
    return importer !== imported && rankOf(imported) >= rankOf(importer);
  });
  expect(wrong.map(edge)).toEqual([]);
});

test('only the host folders use what a browser does not have', () => {
  const wrong = imports.filter(({ from, to }) => isHostOnly(to) && !hostFolders.includes(layerOf(from)));
  expect(wrong.map(edge)).toEqual([]);
});

test('reports are made of records, wherever these come from: they import types of a run and nothing else', () => {
  const wrong = imports.filter(
    ({ from, to, typeOnly }) => layerOf(from) === 'report' && /^src\/(node|run)\//.test(to) && !typeOnly,
  );
  expect(wrong.map(edge)).toEqual([]);
});

// types may refer to each other in a circle, as a table and the type of its rows do: nothing of that is left to load
test('no file imports itself by a detour', () => {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports.filter((one) => isInside(one) && !one.typeOnly))
    next.set(from, [...(next.get(from) ?? []), to]);
  const finished = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, trail: readonly string[]): void => {
    if (trail.includes(file)) cycles.push([...trail.slice(trail.indexOf(file)), file].join(' -> '));
    if (trail.includes(file) || finished.has(file)) return;
    for (const to of next.get(file) ?? []) visit(to, [...trail, file]);
    finished.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  expect(cycles).toEqual([]);
});
