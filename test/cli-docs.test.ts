import path from 'node:path';
import { expect, test } from 'vitest';

import { commands } from '../cli/commands.js';
import { makeCliDocs } from '../scripts/make-cli-docs.js';

test('docs/cli.md is what the commands say (`npm run docs` writes it)', async () => {
  const page = path.resolve(import.meta.dirname, '../docs/cli.md');
  await expect(await makeCliDocs(commands)).toMatchFileSnapshot(page);
});

test.each(commands)('rvpt $name has examples that begin with its name', ({ name, examples }) => {
  expect(examples.length).toBeGreaterThan(0);
  expect(examples.filter((example) => !`${example.command} `.startsWith(`${name} `))).toEqual([]);
});
