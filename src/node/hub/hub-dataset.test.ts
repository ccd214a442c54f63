import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

import { noisePng } from '../../../test/support/images.js';
import { testHub } from '../../../test/support/hub.js';
import { openDataset } from '../../data/dataset.js';
import { locationName } from '../../data/layout.js';
import { datasetLocation } from '../dataset-location.js';

const id = 'o/photos';
const repository = { id, type: 'dataset' } as const;
const parquet = {
  'data/train-00000-of-00002.parquet': 'train 0',
  'data/train-00001-of-00002.parquet': 'train 1',
  'data/validation-00000-of-00001.parquet': 'validation',
  'data/test-00000-of-00001.parquet': 'test',
  'script.py': 'import os',
};

/** What of the repository is in the cache. */
async function cached(cache: string): Promise<string[]> {
  const all = await readdir(path.join(cache, 'datasets--o--photos/snapshots'), { recursive: true });
  return all.flatMap((name) => (path.extname(name) === '' ? [] : [name.split(path.sep).slice(1).join('/')])).sort();
}

describe('of a data set', () => {
  test('the part that is named is fetched, and pinned', async () => {
    await using hub = await testHub();
    const commit = await hub.add(repository, { ...parquet, 'README.md': '# no front matter' });
    const location = await datasetLocation(`hf:${id}@main:test`);
    expect(await cached(hub.cache)).toEqual(['README.md', 'data/test-00000-of-00001.parquet']);
    expect(locationName(location)).toBe(`hf:${id}@main`);
    expect(location).toMatchObject({ split: 'test', origin: { type: 'dataset', repository: id, commit } });
    expect(location.origin?.files.map((file) => file.path)).toEqual(['README.md', 'data/test-00000-of-00001.parquet']);
  });

  test('the part of --split, or the one that the command prefers', async () => {
    await using hub = await testHub();
    await hub.add(repository, parquet);
    await datasetLocation(`hf:${id}`, { preferredSplits: ['test', 'train'], split: 'val' });
    expect(await cached(hub.cache)).toEqual(['data/validation-00000-of-00001.parquet']);
    await datasetLocation(`hf:${id}`, { preferredSplits: ['train', 'test'] });
    expect(await cached(hub.cache)).toEqual([
      'data/train-00000-of-00002.parquet',
      'data/train-00001-of-00002.parquet',
      'data/validation-00000-of-00001.parquet',
    ]);
  });

  test('a part that is not there, or two that are named', async () => {
    await using hub = await testHub();
    await hub.add(repository, parquet);
    await expect(datasetLocation(`hf:${id}:extra`)).rejects.toThrow(
      `read data set hf:${id}: expected a split among test, train, val, got extra`,
    );
    await expect(datasetLocation(`hf:${id}:test`, { split: 'train' })).rejects.toMatchObject({ code: 'usage' });
  });

  test('the files that the README gives to the part', async () => {
    await using hub = await testHub();
    const readme = [
      '---',
      'configs:',
      '- config_name: default',
      '  data_files:',
      '  - split: train',
      '    path: a/*.parquet',
      '  - split: test',
      '    path: [b/one.parquet, b/two.parquet]',
      '---',
      '',
    ].join('\n');
    await hub.add(repository, {
      'README.md': readme,
      'a/1.parquet': '1',
      'b/one.parquet': '2',
      'b/two.parquet': '3',
      'b/three.parquet': '4',
    });
    await datasetLocation(`hf:${id}:test`);
    expect(await cached(hub.cache)).toEqual(['README.md', 'b/one.parquet', 'b/two.parquet']);
  });

  test('tar shards, with their class names', async () => {
    await using hub = await testHub();
    await hub.add(repository, { 'classnames.txt': 'a', 'train-0.tar': '0', 'train-1.tar': '1', 'test-0.tar': '2' });
    await datasetLocation(`hf:${id}:train`);
    expect(await cached(hub.cache)).toEqual(['classnames.txt', 'train-0.tar', 'train-1.tar']);
  });

  test('images in folders, ready to be read', async () => {
    await using hub = await testHub();
    const images: Record<string, Uint8Array> = {};
    for (const part of ['train', 'test']) {
      for (const name of ['bird', 'boat']) images[`${part}/${name}/0.png`] = await noisePng(`${part}/${name}`);
    }
    await hub.add(repository, images);
    const dataset = await openDataset(await datasetLocation(`hf:${id}:test`));
    expect(dataset.classNames).toEqual(['bird', 'boat']);
    expect(dataset.samples.map((sample) => sample.path)).toEqual(['test/bird/0.png', 'test/boat/0.png']);
    expect(dataset.source).toMatchObject({ location: `hf:${id}`, split: 'test', origin: { repository: id } });
  });

  test('nothing that would have to be run', async () => {
    await using hub = await testHub();
    await hub.add(repository, { 'photos.py': 'import os' });
    await expect(datasetLocation(`hf:${id}`)).rejects.toThrow(
      'got a repository with photos.py, code that would be run. ' +
        `The Hub may have made parquet files of it: hf:${id}@refs/convert/parquet.`,
    );
  });

  test('nothing that is a model', async () => {
    await using hub = await testHub();
    await hub.add({ id, type: 'model' }, parquet);
    await expect(datasetLocation(`hf:${id}`)).rejects.toThrow('expected a data set of that name');
  });
});
