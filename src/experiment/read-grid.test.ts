import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { readGrid } from './read-grid.js';

const good = `
format: rvpt-grid-1
name: tables
summary: a grid
attacks: [badnet, clean+badnet]
defenses: [none, { method: rvpt@paper, vary: { alpha: [1, 2] } }]
seeds: [0, 1]
`;

async function problemsOf(text: string): Promise<string[]> {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'grid.yaml');
  await writeFile(file, text);
  try {
    await readGrid(file);
  } catch (thrown) {
    if (!(thrown instanceof Error) || thrown.name !== 'InputError') throw thrown;
    const [head, ...problems] = thrown.message.replaceAll(file, 'grid.yaml').split('\n');
    expect(head).toMatch(/^read the grid grid\.yaml: expected /);
    return problems.map((line) => line.trim());
  }
  throw new Error('nothing was wrong with it');
}

test('what is left out has defaults', async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'grid.yaml');
  await writeFile(file, good);
  expect(await readGrid(file)).toMatchObject({
    zoos: [{ label: 'zoo', location: 'zoo:' }],
    defenses: [
      { method: 'none', settings: {}, vary: {}, withoutTarget: false },
      { method: 'rvpt@paper', vary: { alpha: [1, 2] } },
    ],
    data: 'emoji:a',
    split: 'test',
    shots: 16,
    measures: [{ measure: 'classification', settings: {} }],
  });
});

test('unknown keys are named with the nearest there is, wherever they stand, and all at once', async () => {
  const problems = await problemsOf(`${good}
seed: 3
shot: 4
pairs: { place: x.csv }
measures: [{ measure: classification, perclass: 3 }]
`);
  expect(problems).toEqual([
    'pairs.place: no such key; there are location, count',
    'measures[0].perclass: no such key, did you mean perClass?',
    'seed: no such key, did you mean seeds?',
    'shot: no such key, did you mean shots?',
  ]);
});

test('values that cannot be are named by their place', async () => {
  const text = good
    .replace('[0, 1]', '[0, -1]')
    .replace('clean+badnet', '../badnet')
    .replace('{ alpha: [1, 2] }', '{ alpha: [] }');
  expect(await problemsOf(text)).toEqual([
    'attacks[1]: the name of a model, or model+trigger',
    expect.stringMatching(/^defenses\[1\]\.vary\.alpha: Too small/),
    expect.stringMatching(/^seeds\[1\]: Too small/),
  ]);
});

test('unknown defenses, measurements and settings are named together, with what there is', async () => {
  const problems = await problemsOf(`
format: rvpt-grid-1
name: tables
summary: a grid
zoos:
  - { label: own, location: runs/zoo, make: { visionLayer: 3 } }
  - { label: labels, location: runs/labels, makeFromLabels: { epochs: 0 } }
  - { label: both, location: runs/both, make: {}, makeFromLabels: {} }
  - { label: heads, location: runs/heads, make: { visionWidth: 100, patchSize: 7 } }
attacks: [badnet]
defenses: [rvtp, rvpt@papier, { method: vpt, settings: { alhpa: 2 }, vary: { depth: [1] } }, { method: vpt, label: w, vary: { depth: [1, deep] } }]
seeds: [0]
measures: [clasification, { measure: resistivity, settings: { images: 0 } }]
`);
  expect(problems).toEqual([
    'zoos[0].make: Unrecognized key: "visionLayer"',
    expect.stringMatching(/^zoos\[1\]\.makeFromLabels: epochs: Too small/),
    'zoos[1].makeFromLabels: it makes clean alone; the attacks are also badnet',
    'zoos[2].make: it learns from captions, with makeFromLabels from labels; leave out one',
    'zoos[3].make: visionWidth 100 is no multiple of headWidth 16',
    "zoos[3].make: patchSize 7 does not divide the images' 48 pixels",
    expect.stringMatching(/^defenses\[0\]: no defense "rvtp", did you mean rvpt\? there are .*none/),
    'defenses[1]: rvpt has no preset "papier", did you mean paper? there are paper, small',
    'defenses[2]: vpt: Unrecognized key: "alhpa"',
    expect.stringMatching(/^defenses\[3\]\.vary\.depth: vpt: depth: Invalid input/),
    expect.stringMatching(/^measures\[0\]: no measurement "clasification", did you mean classification\? there are /),
    expect.stringMatching(/^measures\[1\]: resistivity: images: Too small/),
  ]);
});

test.each([
  [
    'aliases that multiply',
    `a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [${'*a, '.repeat(9)}*a]\nc: &c [${'*b, '.repeat(9)}*b]\nd: [${'*c, '.repeat(9)}*c]\n`,
    /alias/i,
  ],
  ['nesting without end', '['.repeat(100_000), /./],
  ['a key twice', `${good}name: other\n`, /unique/],
  ['a list', '- 1\n', /^the file: Invalid input: expected object/],
  ['nothing', '', /^the file: Invalid input: expected object/],
])('a file that is no grid: %s', async (_name, text, message) => {
  expect((await problemsOf(text)).join('\n')).toMatch(message);
});

test('a file of absurd size is not read', async () => {
  await expect(problemsOf(`# ${'x'.repeat(2 ** 18)}\n`)).resolves.toEqual([]);
});
