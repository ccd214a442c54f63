import { expect, test } from 'vitest';

import { MemoryFolder } from '../../test/support/memory-folder.js';
import { raster } from '../core/raster.js';
import { cachedPairs } from './cached-pairs.js';
import type { CaptionPairs } from './caption-pair.js';
import { canonicalPairList, classCaptionPairs, openCaptionPairs } from './caption-pairs.js';
import { pairSource } from './pair-images.js';
import { clipPreprocess } from './preprocess.js';

const empty = new Uint8Array(0);

function listed(csv: string, files: readonly string[] = ['a.png', 'b.png']): Promise<CaptionPairs> {
  const images = Object.fromEntries(files.map((file) => [file, empty]));
  return openCaptionPairs({ folder: new MemoryFolder('cc3m', { 'train.csv': csv, ...images }), file: 'train.csv' });
}

test('captions may hold commas, quotes and line breaks; other columns are passed over', async () => {
  const csv = '\uFEFFid,caption,image\n7,"two dogs, one\n""big""",a.png\n8, a cat ,b.png\n9,a cat again,b.png\n';
  const { pairs, location } = await listed(csv);
  expect(location).toBe('cc3m/train.csv');
  expect(pairs).toEqual([
    { image: 'a.png', caption: 'two dogs, one\n"big"', backdoored: false },
    { image: 'b.png', caption: 'a cat', backdoored: false },
    { image: 'b.png', caption: 'a cat again', backdoored: false },
  ]);
});

test('lines may end in CRLF, and columns have other names', async () => {
  const csv = 'file,text\r\na.png,"one\r\ntwo"\r\nb.png,three\r\n';
  const files = { 'train.csv': csv, 'a.png': empty, 'b.png': empty };
  const { pairs } = await openCaptionPairs(
    { folder: new MemoryFolder('cc3m', files), file: 'train.csv' },
    { columns: { image: 'file', caption: 'text' } },
  );
  expect(pairs.map(({ image, caption }) => [image, caption])).toEqual([
    ['a.png', 'one\r\ntwo'],
    ['b.png', 'three'],
  ]);
});

test('is_backdoor is read from its column, never from the path', async () => {
  const files = ['backdoor/a.png', 'b.png', 'c.png', 'd.png'];
  const csv = `image,caption,is_backdoor\n${files.map((file, i) => `${file},x,${['0', 'True', '1.0', ''][i]}`).join('\n')}`;
  const { pairs } = await listed(csv, files);
  expect(pairs.map(({ backdoored }) => backdoored)).toEqual([false, true, true, false]);
  const plain = await listed('image,caption\nbackdoor/a.png,x', files);
  expect(plain.pairs[0].backdoored).toBe(false);
});

test.each([
  ['another kind of list', 'image,label\na.png,cat\n', 'got the columns image, label'],
  ['no rows', 'image,caption\n', 'no rows below the header'],
  ['a row without caption', 'image,caption\na.png,x\nb.png,\n', 'no image or no caption in row 3'],
  [
    'commas without quotes',
    'image,caption\na.png,a dog, running\n',
    'more fields than columns in row 2 (a field with commas needs quotes)',
  ],
  [
    'everything that is wrong with it at once',
    'image,caption,is_backdoor\nz.png,x,0\na.png,x,maybe\n',
    'is_backdoor that is neither 0 nor 1: maybe in row 3; images that are not there: z.png',
  ],
  ['a quote without its end', 'image,caption\na.png,"x\n', 'comma-separated values'],
])('refused: %s', async (_, csv, message) => {
  await expect(listed(csv)).rejects.toThrow(message);
  await expect(listed(csv)).rejects.toThrow('read the pairs cc3m/train.csv');
});

test('a folder is no list', async () => {
  await expect(openCaptionPairs({ folder: new MemoryFolder('photos', {}) })).rejects.toThrow('--data');
});

test('class names make captions, by templates that the seed draws', () => {
  const dataset = {
    classNames: ['cat', 'grand piano'],
    samples: Array.from({ length: 40 }, (_, i) => ({ path: `${i}.png`, label: i % 2 })),
    images: new MemoryFolder('photos', {}),
    source: { layout: 'image-folder', location: 'photos', ignored: [] },
  };
  const captions = (templates: readonly string[], seed: number): string[] =>
    classCaptionPairs(dataset, templates, seed).pairs.map(({ caption }) => caption);
  expect(captions(['a photo of a {class}.'], 0).slice(0, 2)).toEqual([
    'a photo of a cat.',
    'a photo of a grand piano.',
  ]);
  const drawn = captions(['a {class}', 'the {class}'], 0);
  expect(new Set(drawn)).toEqual(new Set(['a cat', 'the cat', 'a grand piano', 'the grand piano']));
  expect(captions(['a {class}', 'the {class}'], 0)).toEqual(drawn);
  expect(captions(['a {class}', 'the {class}'], 1)).not.toEqual(drawn);
});

test('each pair has a key of its own, whatever files are called', async () => {
  const files = ['a.png', 'a.png#2', 'b.png'];
  const csv = `image,caption\n${['a.png', 'a.png', 'a.png#2', 'b.png', 'a.png'].map((file) => `${file},${file}`).join('\n')}`;
  const decode = (): Promise<never> => Promise.reject(new Error('no image is opened'));
  const source = pairSource(await listed(csv, files), decode, clipPreprocess(4));
  expect(Array.from({ length: source.count }, (_, i) => source.key(i))).toEqual([
    'a.png',
    'a.png#3',
    'a.png#2',
    'b.png',
    'a.png#4',
  ]);
  expect(source.caption(4)).toBe('a.png');
  expect(canonicalPairList(source)).toBe(
    '[["a.png","a.png"],["a.png#3","a.png"],["a.png#2","a.png#2"],["b.png","b.png"],["a.png#4","a.png"]]',
  );
});

test('images become crops, kept in memory as far as there is room', async () => {
  const csv = 'image,caption\na.png,x\nb.png,y\n';
  const decoded: string[] = [];
  // twice as wide as high, red on the left and blue on the right
  const decode = ({ name }: { name: string }) => {
    decoded.push(name);
    return Promise.resolve(
      raster(
        8,
        4,
        Uint8Array.from({ length: 96 }, (_, i) => (i % 3 === (Math.floor(i / 3) % 8 < 4 ? 0 : 2) ? 255 : 0)),
      ),
    );
  };
  const oneCrop = 4 * 4 * 3;
  const source = cachedPairs(pairSource(await listed(csv), decode, clipPreprocess(4)), oneCrop);
  const crop = await source.image(0);
  expect([crop.width, crop.height]).toEqual([4, 4]);
  expect([...crop.data.slice(0, 12)]).toEqual([255, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0, 255]);
  for (const index of [1, 0, 1, 0]) await source.image(index);
  expect(decoded).toEqual(['cc3m/a.png', 'cc3m/b.png', 'cc3m/b.png']);
});
