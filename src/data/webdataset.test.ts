import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

import { tarOf } from '../../test/support/tar.js';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { datasetLocation } from '../node/dataset-location.js';
import type { CaptionPairs } from './caption-pair.js';
import { openCaptionPairs } from './caption-pairs.js';
import { openDataset, type DatasetOptions } from './dataset.js';
import type { Dataset } from './sample.js';
import { withFile } from './text-file.js';

type Files = Readonly<Record<string, Readonly<Record<string, string | Uint8Array>> | string>>;

/** Tar shards made of files, and other files as they are. */
async function folderOf(files: Files): ReturnType<typeof temporaryFolder> {
  const folder = await temporaryFolder();
  for (const [file, content] of Object.entries(files)) {
    await mkdir(path.join(folder.path, path.dirname(file)), { recursive: true });
    await writeFile(path.join(folder.path, file), typeof content === 'string' ? content : await tarOf(content));
  }
  return folder;
}

async function opened(files: Files, { at = '', ...options }: DatasetOptions & { at?: string } = {}): Promise<Dataset> {
  await using folder = await folderOf(files);
  return await openDataset(await datasetLocation(path.join(folder.path, at)), options);
}

async function paired(files: Files, at = ''): Promise<CaptionPairs> {
  await using folder = await folderOf(files);
  return await openCaptionPairs(await datasetLocation(path.join(folder.path, at)), { preferredSplits: ['train'] });
}

const names = { classNames: ['ant', 'bee'] };

test('images are read where they lie, in any order, and nothing is unpacked', async () => {
  await using folder = await folderOf({
    'shard-000.tar': { '000.jpg': 'first', '000.cls': '0', '001.jpg': 'the second', '001.cls': '1\n' },
    'shard-001.tar': { 'deep/002.png': 'third', 'deep/002.json': '{"label": 1, "width": 5}' },
  });
  const dataset = await openDataset(await datasetLocation(folder.path), names);
  expect(dataset.source).toMatchObject({ layout: 'webdataset' });
  expect(dataset.samples).toEqual([
    { path: 'shard-000.tar/000.jpg', label: 0 },
    { path: 'shard-000.tar/001.jpg', label: 1 },
    { path: 'shard-001.tar/deep/002.png', label: 1 },
  ]);
  const read = (name: string): Promise<string> =>
    withFile(dataset.images, name, async (file) => new TextDecoder().decode(await file.read(0, file.size)));
  const wanted = ['shard-001.tar/deep/002.png', 'shard-000.tar/001.jpg', 'shard-000.tar/000.jpg'];
  expect(await Promise.all(wanted.map(read))).toEqual(['third', 'the second', 'first']);
  await expect(read('shard-000.tar/002.jpg')).rejects.toThrow('an image of the shards');
  await expect(withFile(dataset.images, wanted[0], (file) => file.read(3, 3))).rejects.toThrow(
    'a range inside its 5 bytes',
  );
  expect(await readdir(folder.path)).toEqual(['shard-000.tar', 'shard-001.tar']);
});

describe('labels', () => {
  test('are texts, or .cls before .json', async () => {
    const { classNames, samples } = await opened({
      'a.tar': {
        '0.jpg': '',
        '0.cls': 'sea_cow',
        '1.jpg': '',
        '1.json': '{"cls": "ant"}',
        '2.jpg': '',
        '2.cls': 'ant',
        '2.json': '{"label": "bee"}',
      },
    });
    expect(classNames).toEqual(['ant', 'sea cow']);
    expect(samples.map(({ label }) => label)).toEqual([1, 0, 0]);
  });

  test('as indices are named by classnames.txt beside the shards', async () => {
    const shard = { '0.jpg': '', '0.cls': '1', '1.jpg': '', '1.cls': '0' };
    expect(
      (await opened({ 'test/0.tar': shard, 'classnames.txt': 'ant\nbee\n' }, { split: 'test' })).classNames,
    ).toEqual(['ant', 'bee']);
    await expect(opened({ 'a.tar': shard })).rejects.toThrow('--class-names FILE');
  });

  test('two classes of one name', async () => {
    const shard = { '0.jpg': '', '0.cls': '1', '1.jpg': '', '1.cls': '0' };
    await expect(opened({ 'a.tar': shard }, { classNames: ['crane', 'crane'] })).rejects.toThrow(
      'more than one class has: crane',
    );
  });
});

describe('which shards', () => {
  const one = (key: string, label: number): Record<string, string> => ({
    [`${key}.jpg`]: '',
    [`${key}.cls`]: String(label),
  });
  const files: Files = {
    'train-8.tar': one('a', 0),
    'train-9.tar': one('b', 1),
    'train-10.tar': one('c', 1),
    'test-0.tar': one('d', 0),
  };
  const pathsOf = async (at: string, options: DatasetOptions = {}): Promise<string[]> =>
    (await opened(files, { ...names, emptyClasses: 'allow', at, ...options })).samples.map(({ path: each }) => each);

  test('one file, a range, or those of a part', async () => {
    expect(await pathsOf('train-9.tar')).toEqual(['train-9.tar/b.jpg']);
    expect(await pathsOf('train-{8..10}.tar')).toEqual([
      'train-8.tar/a.jpg',
      'train-9.tar/b.jpg',
      'train-10.tar/c.jpg',
    ]);
    expect(await pathsOf('', { split: 'test' })).toEqual(['test-0.tar/d.jpg']);
    await expect(pathsOf('')).rejects.toThrow('a split among test, train, got none');
  });

  test('a range with leading zeros; names that are not there; ranges that are none', async () => {
    const padded = await opened(
      { 's-098.tar': one('a', 0), 's-099.tar': one('b', 1), 's-100.tar': one('c', 1) },
      { ...names, at: 's-{098..100}.tar' },
    );
    expect(padded.samples).toHaveLength(3);
    await expect(pathsOf('train-{8..11}.tar')).rejects.toThrow('expected 4 of them, got none at train-11.tar');
    await expect(pathsOf('train-{9..8}.tar')).rejects.toThrow('a range that goes up');
    await expect(pathsOf('train-{1..2}-{3..4}.tar')).rejects.toThrow('with one range in it');
  });
});

test('an archive beside the images that it held is no shard', async () => {
  const { source } = await opened({
    'ant/1.jpg': '',
    'bee/2.jpg': '',
    'all.tar': { 'ant/1.jpg': '', 'bee/2.jpg': '' },
  });
  expect(source).toMatchObject({ layout: 'image-folder', ignored: ['all.tar'] });
});

describe('pairs', () => {
  test('captions are .txt, or else the caption of .json', async () => {
    const { pairs } = await paired({
      'cc-000.tar': {
        '0.jpg': '',
        '0.json': '{"caption": "from json", "url": "x"}',
        '0.txt': 'from "txt",\nall of it\n',
        '1.jpg': '',
        '1.json': '{"caption": "from json"}',
      },
    });
    expect(pairs).toEqual([
      { image: 'cc-000.tar/0.jpg', caption: 'from "txt",\nall of it', backdoored: false },
      { image: 'cc-000.tar/1.jpg', caption: 'from json', backdoored: false },
    ]);
  });

  test('what has no image or no caption is listed', async () => {
    const shard = {
      '0.jpg': '',
      '0.txt': 'x',
      '1.txt': 'lonely',
      '2.jpg': '',
      '3.jpg': '',
      '3.json': '{"caption": null}',
    };
    await expect(paired({ 'a.tar': shard })).rejects.toThrow(
      'got no image for a.tar/1; no .txt, or .json with a caption, for a.tar/2.jpg, a.tar/3.jpg',
    );
  });
});

describe('refused, with one message', () => {
  test.each([
    [
      'two images under one key',
      { '0.jpg': '', '0.png': '', '0.cls': '0' },
      'expected one image a key, got 0.jpg, 0.png',
    ],
    [
      'a key that comes back later',
      { '0.jpg': '', '0.cls': '0', '1.jpg': '', '1.cls': '1', '0.txt': '' },
      'no image for a.tar/0',
    ],
    ['json that is none', { '0.jpg': '', '0.json': '{' }, '0.json: expected JSON'],
    ['a label that is no text', { '0.jpg': '', '0.cls': Uint8Array.of(0xff, 0xfe) }, '0.cls: expected UTF-8 text'],
    ['a label of two megabytes', { '0.jpg': '', '0.cls': new Uint8Array(2 ** 21) }, 'a text of at most 1048576 bytes'],
    ['nothing with a key', { README: 'x', '.hidden': 'x' }, 'no files with a key and an extension'],
    [
      'a path that climbs',
      { '../0.jpg': '', '../0.cls': '0' },
      'a relative path that stays inside the archive, got "../0.jpg"',
    ],
  ])('%s', async (_, shard, message) => {
    await expect(opened({ 'a.tar': shard }, names)).rejects.toThrow(message);
  });

  test('the same file twice in a shard', async () => {
    const later = { 'a/0.jpg': '', 'a/0.cls': '0', '1.jpg': '', '1.cls': '1', 'a//0.jpg': '', 'a//0.cls': '0' };
    await expect(opened({ 'a.tar': later }, names)).rejects.toThrow('images listed more than once: a.tar/a/0.jpg');
    await expect(opened({ 'a.tar': { '0.jpg': '', './0.jpg': '' } }, names)).rejects.toThrow(
      'every file once, got 0.jpg twice',
    );
  });
});
