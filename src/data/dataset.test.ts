import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { datasetLocation } from '../node/dataset-location.js';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { canonicalDataList, openDataset, type DatasetOptions } from './dataset.js';
import { classNameLines } from './class-names.js';
import type { Dataset } from './sample.js';

/** Lists the data set made of `files` (listing opens no image, so images may be empty). */
async function opened(
  files: Readonly<Record<string, string>>,
  options: DatasetOptions & { at?: string } = {},
): Promise<Dataset> {
  await using folder = await temporaryFolder();
  for (const [file, text] of Object.entries(files)) {
    const full = path.join(folder.path, file);
    await mkdir(path.dirname(full), { recursive: true });
    await writeFile(full, text);
  }
  const { at = '', ...rest } = options;
  return await openDataset(await datasetLocation(path.join(folder.path, at)), rest);
}

const images = (...paths: string[]): Record<string, string> => Object.fromEntries(paths.map((each) => [each, '']));

describe('image folders', () => {
  test('a folder is a class, underscores are spaces, other files are set apart', async () => {
    const dataset = await opened(
      images(
        'grand_piano/2.JPG',
        'grand_piano/1.png',
        'grand_piano/deep/3.webp',
        'ant/x.jpeg',
        'ant/notes.txt',
        'README',
      ),
    );
    expect(dataset.classNames).toEqual(['ant', 'grand piano']);
    expect(dataset.samples).toEqual([
      { path: 'ant/x.jpeg', label: 0 },
      { path: 'grand_piano/1.png', label: 1 },
      { path: 'grand_piano/2.JPG', label: 1 },
      { path: 'grand_piano/deep/3.webp', label: 1 },
    ]);
    expect(dataset.source).toMatchObject({ layout: 'image-folder', ignored: ['README', 'ant/notes.txt'] });
  });

  const parts = images('train/a/1.jpg', 'train/b/2.jpg', 'valid/a/3.jpg', 'valid/b/4.jpg');

  test('parts: by name, by preference, and refused where there is none', async () => {
    expect((await opened(parts, { split: 'val' })).samples.map((sample) => sample.path)).toEqual([
      'valid/a/3.jpg',
      'valid/b/4.jpg',
    ]);
    expect((await opened(parts, { preferredSplits: ['test', 'val'] })).source.split).toBe('val');
    await expect(opened(parts)).rejects.toThrow('a split among train, val, got none');
    await expect(opened(parts, { split: 'test' })).rejects.toThrow('a split among train, val, got test');
    await expect(opened(images('a/1.jpg', 'b/1.jpg'), { split: 'train' })).rejects.toThrow(
      'one without, of which train was asked for',
    );
    // a class called train, among others
    const vehicles = images('train/1.jpg', 'bus/2.jpg');
    expect((await opened(vehicles, { preferredSplits: ['train'] })).classNames).toEqual(['bus', 'train']);
  });

  test.each([
    ['images without classes', images('1.jpg', '2.png'), '2 images without a class folder around them'],
    ['no images at all', images('docs/readme.md'), 'got no images'],
    ['one class', images('a/1.jpg', 'a/2.jpg'), 'one class only: a'],
    ['an empty class', images('a/1.jpg', 'b/2.jpg', 'c/notes.txt'), 'classes without images: c'],
    ['images that cannot be read', images('a/1.jpg', 'b/2.heic'), 'images of kinds that are not read: b/2.heic'],
    ['names that fall together', images('a_b/1.jpg', 'a b/2.jpg'), 'class names that more than one class has: a b'],
  ])('%s', async (_, files, message) => {
    await expect(opened(files)).rejects.toThrow(message);
  });

  test('a place that is not there', async () => {
    await expect(openDataset(await datasetLocation('/nowhere/at/all'))).rejects.toMatchObject({ code: 'missing' });
  });

  test('evaluation may allow empty classes', async () => {
    const dataset = await opened(images('a/1.jpg', 'b/2.jpg', 'c/notes.txt'), { emptyClasses: 'allow' });
    expect(dataset.classNames).toEqual(['a', 'b', 'c']);
  });
});

describe('class-names files', () => {
  const files = images('n01/1.jpg', 'n02/2.jpg');
  const named = async (text: string, of = files): Promise<readonly string[]> =>
    (await opened(of, { classNames: classNameLines(text) })).classNames;

  test('name folders by `folder,name`, by WordNet id, or in sorted order', async () => {
    expect(await named('n02,sea lion, big\nn01,tench\nn03,crane\n')).toEqual(['tench', 'sea lion, big']);
    const synsets = images('n00000001/1.jpg', 'n00000002/2.jpg');
    const lines = 'n00000002 sea lion\r\nn00000001 tench\r\nn00000003 crane\r\n';
    expect(await named(lines, synsets)).toEqual(['tench', 'sea lion']);
    // a name's first word that is another folder's name is no key
    expect(await named('n01 hill\nn02 hive')).toEqual(['n01 hill', 'n02 hive']);
    expect(await named('tench\nsea lion\n\n')).toEqual(['tench', 'sea lion']);
  });

  test('that only reorder the folders’ own names do not mix them up', async () => {
    expect(await named('grand piano\nant', images('ant/1.jpg', 'grand_piano/2.jpg'))).toEqual(['ant', 'grand piano']);
    await expect(named('dog\nmoggy', images('cat/1.jpg', 'dog/2.jpg'))).rejects.toThrow(
      'names in another order than the folders: dog',
    );
  });

  test('of another length, or with a name twice, are refused', async () => {
    await expect(named('tench\nsea lion\ncrane')).rejects.toThrow('3 lines, none of them for n01, n02');
    await expect(named('n01,crane\nn02,crane')).rejects.toThrow('more than one class has: crane');
  });
});

describe('CSV lists', () => {
  const jpgs = images('x/1.jpg', 'x/2.jpg', 'x/3.jpg');

  test('labels are names; paths are relative to the file', async () => {
    const csv = '\uFEFFid,label,image\n7,dog,1.jpg\n8, grand_piano ,"2.jpg"\n\n9,dog,3.jpg\n';
    const dataset = await opened({ ...jpgs, 'x/list.csv': csv }, { at: 'x/list.csv' });
    expect(dataset.classNames).toEqual(['dog', 'grand piano']);
    expect(dataset.samples).toEqual([
      { path: '1.jpg', label: 0 },
      { path: '2.jpg', label: 1 },
      { path: '3.jpg', label: 0 },
    ]);
  });

  test('labels.csv in a folder is found; indices take their names from a file', async () => {
    const files = { ...jpgs, 'labels.csv': 'image,label\nx/1.jpg,1\nx/2.jpg,0\n' };
    const dataset = await opened(files, { classNames: ['cat', 'dog'] });
    expect(dataset.classNames).toEqual(['cat', 'dog']);
    expect(dataset.samples.map(({ label }) => label)).toEqual([1, 0]);
    await expect(opened(files)).rejects.toThrow('got indices and no such file');
    await expect(opened(files, { classNames: ['cat'] })).rejects.toThrow(
      /one class only: cat; labels beyond the 1 classes: x\/1\.jpg \(1\)/,
    );
  });

  test('names that are numbers, names in the order of a file, and keys of a file', async () => {
    const files = { ...jpgs, 'labels.csv': 'image,label\nx/1.jpg,747\nx/2.jpg,737\n' };
    expect((await opened(files, { classNames: ['747', '737'] })).samples.map(({ label }) => label)).toEqual([0, 1]);
    const keyed = { ...jpgs, 'labels.csv': 'image,label\nx/1.jpg,n02\nx/2.jpg,n01\n' };
    const dataset = await opened(keyed, { classNames: ['n01,tench', 'n02,crane'] });
    expect(dataset.classNames).toEqual(['tench', 'crane']);
    expect(dataset.samples.map(({ label }) => label)).toEqual([1, 0]);
    await expect(opened(keyed, { classNames: ['tench', 'crane'] })).rejects.toThrow(
      'labels that are not there: n01, n02',
    );
  });

  test('every problem is named', async () => {
    const csv = 'image,label\nx/1.jpg,a\nx/9.jpg,b\n../1.jpg,b\nx/1.jpg,a\n';
    await expect(opened({ ...jpgs, 'labels.csv': csv })).rejects.toThrow(
      /listed more than once: x\/1\.jpg; images that are not there: x\/9\.jpg, \.\.\/1\.jpg \(.*leaves it/,
    );
  });

  test.each([
    ['image,caption\nx/1.jpg,a cat\n', 'got the columns image, caption'],
    ['image,label\n', 'no rows below the header'],
    ['', 'got the columns'],
    ['image,label\nx/1.jpg,\nx/2.jpg\n', 'no image or no label in row 2, 3'],
    ['image,label\n"x/1.jpg,a\n', 'expected comma-separated values'],
  ])('a broken list: %j', async (csv, message) => {
    await expect(opened({ ...jpgs, 'labels.csv': csv })).rejects.toThrow(message);
  });
});

describe('CoOp splits', () => {
  const split = {
    train: [
      ['cat/1.jpg', 0, 'cat'],
      ['piano/2.jpg', 1, 'grand_piano'],
    ],
    val: [],
    test: [
      ['cat/3.jpg', 0, 'cat'],
      ['piano/4.jpg', 1, 'grand_piano'],
    ],
  };
  const jpgs = images('images/cat/1.jpg', 'images/piano/2.jpg', 'images/cat/3.jpg', 'images/piano/4.jpg');
  const withSplit = (value: unknown): Record<string, string> => ({
    ...jpgs,
    'annotations/readme': '',
    'split_zhou_Pets.json': JSON.stringify(value),
  });

  test('images are found in the folder beside; the part is chosen', async () => {
    const dataset = await opened(withSplit(split), { preferredSplits: ['test', 'val'] });
    expect(dataset.classNames).toEqual(['cat', 'grand piano']);
    expect(dataset.samples).toEqual([
      { path: 'images/cat/3.jpg', label: 0 },
      { path: 'images/piano/4.jpg', label: 1 },
    ]);
    expect(dataset.source).toMatchObject({ layout: 'coop-split', split: 'test' });
    await expect(opened(withSplit(split), { split: 'val' })).rejects.toThrow('a split among train, test, got val');
  });

  test('CoOp’s own split files bring the class prompt that CoOp uses; others bring none', async () => {
    const named = async (file: string): Promise<readonly string[] | undefined> =>
      (await opened({ ...jpgs, [file]: JSON.stringify(split) }, { split: 'train' })).templates;
    expect(await named('split_zhou_OxfordPets.json')).toEqual(['a photo of a {class}, a type of pet.']);
    expect(await named('split_zhou_Caltech101.json')).toEqual(['a photo of a {class}.']);
    expect(await named('split_zhou_Food101.json')).toEqual(['a photo of {class}, a type of food.']);
    expect(await named('split_mine.json')).toBeUndefined();
  });

  test.each([
    [[], 'Invalid input'],
    [{}, 'got none of them'],
    [{ train: [['a.jpg', -1, 'a']] }, 'train.0.1'],
    [{ train: [['a.jpg', 0, 'a'], ['b.jpg', 0, 'b']] }, 'more than one class name for label 0'], // prettier-ignore
    [{ train: [['a.jpg', 0, 'a'], ['b.jpg', 9_000_000_000, 'b']] }, '2 labels, but none that is 1'], // prettier-ignore
    [{ train: [['images/cat/9.jpg', 0, 'a'], ['b.jpg', 1, 'b']] }, 'find the images of'], // prettier-ignore
    [{ train: [['cat/1.jpg', 0, 'a'], ['b.jpg', 1, 'a']] }, 'more than one class has: a; images that are not there: images/b.jpg'], // prettier-ignore
  ])('a broken split: %j', async (value, message) => {
    await expect(opened(withSplit(value), { split: 'train' })).rejects.toThrow(message);
  });

  test('JSON that is none, and bytes that are no text', async () => {
    await expect(opened({ 'split_a.json': '{"train": [' })).rejects.toMatchObject({ code: 'malformed' });
  });
});

test('an explicit layout overrides what would be found, and must fit', async () => {
  const files = { ...images('a/1.jpg', 'b/2.jpg'), 'labels.csv': 'image,label\na/1.jpg,x\nb/2.jpg,y\n' };
  expect((await opened(files)).classNames).toEqual(['x', 'y']);
  expect((await opened(files, { layout: 'image-folder' })).classNames).toEqual(['a', 'b']);
  await expect(opened(files, { layout: 'coop-split' })).rejects.toThrow('expected coop-split (');
  await expect(opened(files, { at: 'a/1.jpg' })).rejects.toThrow('something else');
});

test('the canonical list forgets order and keeps all else', () => {
  const samples = [
    { path: 'b', label: 1 },
    { path: 'a', label: 0 },
  ];
  const text = '{"classNames":["x","y"],"samples":[["a",0],["b",1]]}';
  expect(canonicalDataList({ classNames: ['x', 'y'], samples })).toBe(text);
  expect(canonicalDataList({ classNames: ['x', 'y'], samples: [...samples].reverse() })).toBe(text);
});
