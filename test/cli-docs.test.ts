import path from 'node:path';
import { expect, test } from 'vitest';

import { commands } from '../cli/commands.js';
import { makeCliDocs } from '../scripts/make-cli-docs.js';

test('docs/cli.md is what the commands say (`npm run docs` writes it)', async () => {
  const page = path.resolve(import.meta.dirname, '../docs/cli.md');
  await expect(await makeCliDocs(commands)).toMatchFileSnapshot(page);
});

const runs = ({ command }: { readonly command: string }, name: string): boolean => `${command} `.startsWith(`${name} `);

test.each(commands)('rvpt $name has examples: of itself first, perhaps of what comes after', ({ name, examples }) => {
  expect(examples.length).toBeGreaterThan(0);
  expect(runs(examples[0], name)).toBe(true);
  expect(examples.filter((example) => !commands.some((command) => runs(example, command.name)))).toEqual([]);
});
