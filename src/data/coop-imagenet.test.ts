import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { datasetLocation } from '../node/dataset-location.js';
import { openDataset, type DatasetOptions } from './dataset.js';
import type { Dataset } from './sample.js';

/** Lines of CoOp's classnames.txt, in the order of the ids; two classes are called missile there. */
const lines = ['n01440764 tench', 'n01443537 goldfish', 'n03773504 missile', 'n04008634 missile'];

async function opened(
  files: readonly string[],
  options: DatasetOptions = {},
  names: string | null = lines.join('\n'),
): Promise<Dataset> {
  await using folder = await temporaryFolder();
  for (const file of files) {
    await mkdir(path.join(folder.path, path.dirname(file)), { recursive: true });
    await writeFile(path.join(folder.path, file), '');
  }
  if (names !== null) await writeFile(path.join(folder.path, 'classnames.txt'), names);
  return await openDataset(await datasetLocation(folder.path), options);
}

const layoutOf = ({ source }: Dataset): string => source.layout;
const pathsOf = ({ samples }: Dataset): [string, number][] => samples.map(({ path: each, label }) => [each, label]);

describe('imagenet', () => {
  const files = [
    'images/train/n01440764/a.JPEG',
    'images/train/n03773504/b.JPEG',
    'images/train/n04008634/c.JPEG',
    'images/val/n01440764/d.JPEG',
    'images/val/n03773504/e.JPEG',
    'images/val/n03773504/notes.txt',
  ];
  const jpg = files.map((file) => file.replace('.JPEG', '.jpg'));

  test('is known by its folders; classes in the order of their ids, their names from classnames.txt', async () => {
    const dataset = await opened(files, { split: 'train' });
    expect(layoutOf(dataset)).toBe('imagenet');
    expect(dataset.classNames).toEqual(['tench', 'missile', 'missile']);
    expect(pathsOf(dataset)).toEqual([
      ['images/train/n01440764/a.JPEG', 0],
      ['images/train/n03773504/b.JPEG', 1],
      ['images/train/n04008634/c.JPEG', 2],
    ]);
    expect(dataset.templates).toEqual(['a photo of a {class}.']);
  });

  test('is tested on val, whatever it is called', async () => {
    const tested = await opened(jpg, { preferredSplits: ['test', 'val'] });
    expect(pathsOf(tested)).toEqual([
      ['images/val/n01440764/d.jpg', 0],
      ['images/val/n03773504/e.jpg', 1],
    ]);
    expect(tested.source).toMatchObject({ split: 'val', ignored: ['images/val/n03773504/notes.txt'] });
    expect(pathsOf(await opened(jpg, { split: 'test' }))).toEqual(pathsOf(tested));
  });

  test('a folder without a line, and lines that are none', async () => {
    await expect(opened(files, { split: 'train' }, lines[0])).rejects.toThrow(
      'expected folders that classnames.txt has a line for, got none for n03773504, n04008634',
    );
    await expect(opened(files, { split: 'train' }, 'tench\nn01440764 tench\nn01440764 tench')).rejects.toThrow(
      'lines that are not so, or whose id comes twice: tench, n01440764 tench',
    );
  });

  test('asked for by name where it is not', async () => {
    await expect(opened(['cat/1.jpg', 'dog/2.jpg'], { layout: 'imagenet' }, null)).rejects.toThrow(
      'expected imagenet (CoOp’s ImageNet: images/train and images/val by WordNet id; classnames.txt beside it)',
    );
  });
});

test('imagenetv2: a folder is the number of a line, so that 10 comes after 9', async () => {
  const many = Array.from({ length: 12 }, (_, i) => `n${String(i + 1e7)} class ${i}`);
  const place = 'imagenetv2-matched-frequency-format-val';
  const dataset = await opened(
    [`${place}/10/a.jpg`, `${place}/9/b.jpg`, `${place}/0/c.jpg`],
    { emptyClasses: 'allow' },
    many.join('\n'),
  );
  expect(layoutOf(dataset)).toBe('imagenetv2');
  expect(dataset.classNames).toHaveLength(12);
  expect(pathsOf(dataset).sort()).toEqual([
    [`${place}/0/c.jpg`, 0],
    [`${place}/10/a.jpg`, 10],
    [`${place}/9/b.jpg`, 9],
  ]);
  await expect(opened([`${place}/0/a.jpg`, `${place}/12/b.jpg`], {}, many.join('\n'))).rejects.toThrow(
    'got none for 12',
  );
});

test.each([
  ['imagenet-sketch', 'images'],
  ['imagenet-a', 'imagenet-a'],
  ['imagenet-r', 'imagenet-r'],
])('%s: the classes that have a folder, and no parts', async (layout, place) => {
  const files = [`${place}/n01443537/a.jpg`, `${place}/n04008634/b.jpg`, `${place}/README.txt`];
  const dataset = await opened(files, { split: 'test' });
  expect(layoutOf(dataset)).toBe(layout);
  expect(dataset.classNames).toEqual(['goldfish', 'missile']);
  expect(pathsOf(dataset)).toEqual([
    [`${place}/n01443537/a.jpg`, 0],
    [`${place}/n04008634/b.jpg`, 1],
  ]);
  await expect(opened(files, { split: 'train' })).rejects.toThrow('of which train was asked for');
});
