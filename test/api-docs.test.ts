import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

import { makeApiDocs } from '../scripts/make-api-docs.js';

const folder = path.resolve(import.meta.dirname, '../docs/api');
const { pages, warnings } = await makeApiDocs();

test('every export of the library is documented, and so is every type that one of them names', () => {
  expect(warnings).toEqual([]);
});

test('docs/api is what the docstrings say (`npm run docs` writes it)', async () => {
  for (const [name, page] of pages) await expect.soft(page).toMatchFileSnapshot(path.join(folder, name));
});

test('docs/api has no page of what is gone', () => {
  const entries = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  const names = files.map((file) => path.relative(folder, file).replaceAll(path.sep, '/'));
  expect(names.filter((name) => !pages.has(name))).toEqual([]);
});
