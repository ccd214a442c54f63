import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { z } from 'zod';

const root = path.resolve(import.meta.dirname, '..');
const names = z.record(z.string(), z.string());
const manifest = z
  .object({ dependencies: names, devDependencies: names })
  .parse(JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')));

/** Packages that files import, types included: what is shipped declares them. */
function imported(folders: readonly string[], belongs: (name: string) => boolean): string[] {
  const packages = folders
    .flatMap((folder) =>
      readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        path.join(root, folder, name),
      ),
    )
    .filter((file) => /\.m?[tj]s$/.test(file) && belongs(file))
    .flatMap((file) => ts.preProcessFile(readFileSync(file, 'utf8'), true, true).importedFiles)
    .map(({ fileName }) => fileName)
    .filter((name) => !name.startsWith('.') && !isBuiltin(name))
    .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
  return [...new Set(packages)].sort();
}

const isShipped = (file: string): boolean => !/\.test\.ts$|\.d\.m?ts$/.test(file);

test('what is shipped imports the dependencies, all of them and nothing else', () => {
  expect(imported(['src', 'cli'], isShipped)).toEqual(Object.keys(manifest.dependencies).sort());
});

test('what is not shipped imports nothing that is not installed', () => {
  const all = imported(['src', 'cli', 'test', 'scripts', 'examples', 'bench'], () => true);
  const known = ['rvpt', ...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)];
  expect(all.filter((name) => !known.includes(name))).toEqual([]);
});
