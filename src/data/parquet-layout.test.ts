import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

import { imageParquet, type ParquetForm } from '../../test/support/parquet-file.js';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { datasetLocation } from '../node/dataset-location.js';
import { DiskFolder } from '../node/files.js';
import { openCaptionPairs } from './caption-pairs.js';
import { openDataset, type DatasetOptions } from './dataset.js';
import { parseDataCard } from './data-card.js';
import type { Dataset } from './sample.js';
import { withFile } from './text-file.js';

const bytesOf = (n: number): Uint8Array => Uint8Array.of(n, n, n);
const goldenFolder = path.resolve(import.meta.dirname, '../../test/golden/parquet');

/** A folder with the files. */
async function folderOf(files: Readonly<Record<string, string | Uint8Array>>): ReturnType<typeof temporaryFolder> {
  const folder = await temporaryFolder();
  for (const [file, content] of Object.entries(files)) {
    await mkdir(path.join(folder.path, path.dirname(file)), { recursive: true });
    await writeFile(path.join(folder.path, file), content);
  }
  return folder;
}

async function opened(
  files: Readonly<Record<string, string | Uint8Array>>,
  { at = '', urlSplit, ...options }: DatasetOptions & { at?: string; urlSplit?: string } = {},
): Promise<Dataset> {
  await using folder = await folderOf(files);
  const location = await datasetLocation(path.join(folder.path, at));
  return await openDataset({ ...location, ...(urlSplit === undefined ? {} : { split: urlSplit }) }, options);
}

function table(labels: readonly (number | string)[], form: ParquetForm = {}): Uint8Array {
  return imageParquet(
    labels.map((label, i) => ({ image: bytesOf(i), label })),
    form,
  );
}

const animals = ['ant', 'sea_cow'];

test('a row is `file#row`; its image is read when it is opened, in any order', async () => {
  await using folder = await folderOf({
    'data/train-00000-of-00002.parquet': table([1, 0, 1, 0, 1], { classNames: animals, rowGroupSize: 2 }),
    'data/train-00001-of-00002.parquet': table([0], { classNames: animals, images: 'bytes' }),
  });
  const dataset = await openDataset(await datasetLocation(folder.path), { split: 'train' });
  expect(dataset.classNames).toEqual(['ant', 'sea cow']);
  expect(dataset.source).toMatchObject({ layout: 'parquet', split: 'train' });
  const first = 'data/train-00000-of-00002.parquet';
  const second = 'data/train-00001-of-00002.parquet#0';
  expect(dataset.samples).toEqual([
    ...[1, 0, 1, 0, 1].map((label, row) => ({ path: `${first}#${row}`, label })),
    { path: second, label: 0 },
  ]);
  const read = (name: string): Promise<Uint8Array> => withFile(dataset.images, name, (file) => file.read(0, file.size));
  const images = await Promise.all([`${first}#4`, second, `${first}#1`, `${first}#0`].map(read));
  expect(images).toEqual([4, 0, 1, 0].map(bytesOf));
  await expect(read(`${first}#5`)).rejects.toThrow('a row of its parquet files');
  await expect(read(`${first}#01`)).rejects.toThrow('a row of its parquet files');
});

describe('images that are not in the file', () => {
  test('lie where the path says, beside the file or where --images says; without a path there is none', async () => {
    await using folder = await folderOf({ 'beside.png': bytesOf(7), 'elsewhere/beside.png': bytesOf(8) });
    await cp(path.join(goldenFolder, 'nulls-v1.parquet'), path.join(folder.path, 'all.parquet'));
    const location = await datasetLocation(path.join(folder.path, 'all.parquet'));
    const elsewhere = new DiskFolder(path.join(folder.path, 'elsewhere'));
    const whole = (file: {
      size: number;
      read: (at: number, length: number) => Promise<Uint8Array>;
    }): Promise<Uint8Array> => file.read(0, file.size);
    const { images } = await openDataset(location);
    expect(await withFile(images, 'all.parquet#4', whole)).toEqual(bytesOf(7));
    await expect(withFile(images, 'all.parquet#5', whole)).rejects.toThrow(
      'all.parquet#5: expected an image in the row, got nothing',
    );
    const { images: others } = await openDataset(location, { images: elsewhere });
    expect(await withFile(others, 'all.parquet#4', whole)).toEqual(bytesOf(8));
  });
});

describe('class names', () => {
  const card = (names: string): string =>
    `---\ndataset_info:\n  features:\n  - name: image\n    dtype: image\n  - name: label\n    dtype:\n      class_label:\n        names:\n${names}---\n# Photos\n`;

  test('from the README.md, by number or as a list', async () => {
    const numbered = await opened({
      'a.parquet': table([1, 0]),
      'README.md': card("          '0': ant\n          '1': bee\n"),
    });
    expect(numbered.classNames).toEqual(['ant', 'bee']);
    const listed = await opened({ 'a.parquet': table([1, 0]), 'README.md': card('        - ant\n        - bee\n') });
    expect(listed.classNames).toEqual(['ant', 'bee']);
  });

  test('the file’s own win over those of the README.md; --class-names wins over both', async () => {
    const files = {
      'a.parquet': table([1, 0], { classNames: animals }),
      'README.md': card("          '0': x\n          '1': y\n"),
    };
    expect((await opened(files)).classNames).toEqual(['ant', 'sea cow']);
    expect((await opened(files, { classNames: ['sea_cow,manatee', 'ant,fire ant'] })).classNames).toEqual([
      'fire ant',
      'manatee',
    ]);
  });

  test('labels that are texts name their classes', async () => {
    const { classNames, samples } = await opened({ 'a.parquet': table(['sea_cow', 'ant', 'ant']) });
    expect(classNames).toEqual(['ant', 'sea cow']);
    expect(samples.map(({ label }) => label)).toEqual([1, 0, 0]);
  });

  test('integers that nothing names need --class-names', async () => {
    await expect(opened({ 'a.parquet': table([1, 0]) })).rejects.toThrow('--class-names FILE');
    expect((await opened({ 'a.parquet': table([1, 0]) }, { classNames: ['p', 'q'] })).classNames).toEqual(['p', 'q']);
  });

  test('two classes of one name', async () => {
    const twice = table([0, 1, 2], { classNames: ['crane', 'crab', 'crane'] });
    await expect(opened({ 'a.parquet': twice })).rejects.toThrow(
      'class names that more than one class has: crane. Give every class a name of its own with --class-names.',
    );
  });

  test('other classes in another file of the same part', async () => {
    const files = {
      'a.parquet': table([0, 1], { classNames: animals }),
      'b.parquet': table([0, 1], { classNames: ['ant', 'bee'] }),
    };
    await expect(opened(files)).rejects.toThrow(
      'read b.parquet: expected the class names of the files before it, got bee as class 1',
    );
  });

  test('numbered with a hole, as no data set has them', () => {
    expect(() => parseDataCard(card("          '0': ant\n          '2': bee\n"), 'README.md')).toThrow('README.md');
  });
});

describe('parts', () => {
  const files = {
    'data/train-00000-of-00001.parquet': table([0, 1], { classNames: animals }),
    'data/validation-00000-of-00001.parquet': table([1, 0, 1], { classNames: animals }),
    'data/holdout-00000-of-00001.parquet': table([1, 0, 1, 0], { classNames: animals }),
  };
  const count = async (options: Parameters<typeof opened>[1]): Promise<number> =>
    (await opened(files, options)).samples.length;

  test('by the names of files, under any name that people have for them', async () => {
    expect(await count({ split: 'train' })).toBe(2);
    expect(await count({ split: 'val' })).toBe(3);
    expect(await count({ split: 'validation' })).toBe(3);
    expect(await count({ split: 'holdout' })).toBe(4);
    expect(await count({ preferredSplits: ['test', 'val'] })).toBe(3);
    await expect(count({ split: 'test' })).rejects.toThrow('a split among holdout, train, val, got test');
  });

  test('the location may name one, but not another than --split', async () => {
    expect(await count({ urlSplit: 'validation' })).toBe(3);
    expect(await count({ urlSplit: 'validation', split: 'val' })).toBe(3);
    await expect(count({ urlSplit: 'train', split: 'val' })).rejects.toThrow(
      'expected one split, got :train and --split val',
    );
  });

  test('by folders, as the Hub converts data sets', async () => {
    const one = table([0, 1], { classNames: animals });
    const converted = {
      'default/partial-train/0000.parquet': one,
      'default/test/0000.parquet': table([1], { classNames: animals }),
    };
    expect((await opened(converted, { split: 'train' })).samples).toHaveLength(2);
    expect((await opened(converted, { split: 'test', emptyClasses: 'allow' })).samples).toHaveLength(1);
  });

  test('as the README.md says, where it does', async () => {
    const readme =
      '---\nconfigs:\n- config_name: default\n  data_files:\n  - split: test\n    path: data/hold*\n  - split: train\n    path: ["data/t*", "**/val*"]\n---\n';
    expect((await opened({ ...files, 'README.md': readme }, { split: 'test' })).samples).toHaveLength(4);
    expect((await opened({ ...files, 'README.md': readme }, { split: 'train' })).samples).toHaveLength(5);
  });

  test('several configs and no default among them', async () => {
    const readme =
      '---\nconfigs:\n- config_name: small\n  data_files: a*\n- config_name: large\n  data_files: b*\n---\n';
    await expect(opened({ ...files, 'README.md': readme })).rejects.toThrow('one called default, got small, large');
  });

  test('a README.md whose front matter is no YAML', async () => {
    await expect(opened({ ...files, 'README.md': '---\na: [\n---\n' })).rejects.toThrow('expected YAML');
  });
});

describe('columns', () => {
  test('none of images: the columns that there are', async () => {
    const none = imageParquet([{ image: null, label: 1, caption: 'x' }], { images: 'bytes', imageColumn: 'blob' });
    await expect(opened({ 'a.parquet': none })).rejects.toThrow(
      'expected an image column: a struct of bytes and path, or bytes, got the columns blob: BYTE_ARRAY; label: INT64; caption: BYTE_ARRAY (UTF8). Name it with --image-column.',
    );
    await expect(opened({ 'a.parquet': none }, { columns: { image: 'label' } })).rejects.toThrow('called label');
  });

  test('named ones, where nothing else tells', async () => {
    const named = table([0, 1], { images: 'bytes', imageColumn: 'blob', labelColumn: 'kind' });
    const options = { columns: { image: 'blob', label: 'kind' }, classNames: animals };
    expect((await opened({ 'a.parquet': named }, options)).samples).toHaveLength(2);
    await expect(opened({ 'ant/1.png': '', 'bee/2.png': '' }, options)).rejects.toThrow(
      'a data set of layout image-folder, and --image-column blob, --label-column kind',
    );
  });

  test('a row without a label, and the -1 of a test split', async () => {
    const unlabelled = imageParquet(
      [{ image: bytesOf(1), label: 0 }, { image: bytesOf(1), label: -1 }, { image: bytesOf(1) }],
      { classNames: animals },
    );
    await expect(opened({ 'a.parquet': unlabelled })).rejects.toThrow(
      'no label, or one below 0, for a.parquet#1, a.parquet#2',
    );
  });
});

describe('image-caption pairs', () => {
  test('captions from their column, one a row', async () => {
    await using folder = await folderOf({
      'train.parquet': imageParquet([
        { image: bytesOf(1), caption: 'a "dog",\nrunning' },
        { image: bytesOf(2), caption: ' a cat ' },
      ]),
    });
    const { pairs, images } = await openCaptionPairs(await datasetLocation(folder.path), {
      preferredSplits: ['train'],
    });
    expect(pairs).toEqual([
      { image: 'train.parquet#0', caption: 'a "dog",\nrunning', backdoored: false },
      { image: 'train.parquet#1', caption: 'a cat', backdoored: false },
    ]);
    expect(await withFile(images, 'train.parquet#1', (file) => file.read(0, file.size))).toEqual(bytesOf(2));
  });

  test('rows without a caption', async () => {
    await using folder = await folderOf({
      'a.parquet': imageParquet([{ image: bytesOf(1), caption: 'x' }, { image: bytesOf(2) }]),
    });
    await expect(openCaptionPairs(await datasetLocation(folder.path))).rejects.toThrow('no caption for a.parquet#1');
  });
});
